"""What this installation is: its version for everybody who governs, its parts for the operator."""

from __future__ import annotations

import platform
from importlib.metadata import version

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.admin_base import Page, Site, is_operator
from assistants import orphans
from tale.lib.refusals import Text

PACKAGES = ("Django", "djangorestframework", "django-unfold", "celery", "openai", "pillow")
Facts = list[tuple[Text, Text]]


def system(request: HttpRequest, site: Site) -> HttpResponse:
    groups = [(_("Tale"), _about())]
    if is_operator(request):
        groups += [(_("Parts"), _parts()), (_("Packages"), _packages())]
    return site.show(request, "admin/system.html", title=SYSTEM.title, groups=groups)


def _about() -> Facts:
    languages = ", ".join(str(name) for _code, name in settings.LANGUAGES)
    return [
        (_("Version"), settings.TALE_VERSION),
        (_("Licence"), _("MIT. No certification is claimed.")),
        (_("Languages"), languages),
        (_("Address"), settings.TALE_URL),
    ]


def _parts() -> Facts:
    """Names of kinds, never addresses: those may hold passwords."""
    broker = settings.CELERY_BROKER_URL.partition(":")[0]
    mail = settings.EMAIL_BACKEND.split(".")[-2]
    return [
        (_("Environment"), settings.TALE_ENV),
        (_("Python"), platform.python_version()),
        (_("Database"), f"{connection.vendor} {_database_version()}"),
        (_("Queue"), broker),
        (_("Live state and cache"), "redis" if settings.REDIS_URL else _("in the database")),
        (_("Files"), settings.STORAGES["default"]["BACKEND"].rpartition(".")[2]),
        (_("Files without a row, rows without a file"), _orphans()),
        (_("Mail"), mail),
        (_("Proxies in front"), str(settings.TALE_PROXIES)),
        (_("Turns at once per worker"), str(settings.TALE_TURNS_PER_WORKER)),
        (_("Keys in the ring"), str(len(settings.TALE_KEYS))),
    ]


def _orphans() -> Text:
    found = orphans.last()
    return f"{found.files}, {found.rows}" if found else _("Looked for every night")


def _packages() -> Facts:
    return [(name, version(name)) for name in PACKAGES]


def _database_version() -> str:
    return ".".join(str(part) for part in connection.get_database_version())


SYSTEM = Page(name="system", address="system/", title=_("System"), icon="dns", view=system)

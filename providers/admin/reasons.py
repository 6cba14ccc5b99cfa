"""Which model is taken now, and why not the others."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.admin_base import Page, Site, current
from providers import resolve
from providers.models import Tag


def _show(request: HttpRequest, site: Site) -> HttpResponse:
    organisation = current(request)
    considered = [
        {"tag": label, "rows": resolve.why(organisation, tag) if organisation else []}
        for tag, label in Tag.choices
    ]
    return site.show(request, "admin/reasons.html", title=REASONS.title, considered=considered)


REASONS = Page("model_reasons", "models/reasons/", _("Which model is taken"), "rule", _show)

"""The one admin site: who comes in, and in which order it is laid out.

Nothing registers itself here. tale/admin.py lists every section with its lists and pages, so what
another package would like to show is not even loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import update_wrapper
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import SimpleTemplateResponse, TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.admin_base.rows import OrganisationAdmin
from accounts.admin_base.scope import GOVERN, current, is_operator, may_see
from accounts.models import Organisation
from tale.lib import theme
from tale.lib.refusals import NotFound, Refusal

View = Callable[..., HttpResponse]
THEMES = (("auto", pgettext_lazy("appearance", "Auto")), ("light", _("Light")), ("dark", _("Dark")))

# A second way to sign in would be a way around the first; the last tells by a redirect whether
# any id exists, in any organisation.
CLOSED = {"login", "logout", "password_change", "password_change_done", "search", "view_on_site"}


@dataclass(frozen=True)
class Page:
    """A page that is no list: a report, say. `view` takes the request and the site."""

    name: str
    address: str
    title: Promise
    icon: str
    view: Callable[[HttpRequest, Site], HttpResponse]
    right: str = GOVERN
    operators_only: bool = False

    def is_open_to(self, request: HttpRequest) -> bool:
        if self.operators_only and not is_operator(request):
            return False
        return may_see(request, self.right)


@dataclass(frozen=True)
class Section:
    title: Promise
    parts: Sequence[Page | tuple[type[models.Model], type[OrganisationAdmin]]]


class Site(theme.AdminSite):
    index_template = "admin/overview.html"

    def __init__(self, *, overview: Page, sections: Sequence[Section]) -> None:
        super().__init__(name="admin")
        self.overview, self.sections = overview, sections
        self.disable_action("delete_selected")  # it would delete past the domain functions
        for section in sections:
            for part in section.parts:
                if not isinstance(part, Page):
                    self.register(*part)

    def has_permission(self, request: HttpRequest) -> bool:
        return may_see(request)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        def let_in(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            enter(request)
            with timezone.override(_zone(request)):
                answer = view(request, *args, **kwargs)
                # Now, not when the view has gone: the page shows the organisation's own time.
                return answer.render() if isinstance(answer, SimpleTemplateResponse) else answer

        return update_wrapper(let_in, view)

    def get_urls(self) -> list[Any]:
        pages = [
            path(page.address, self.admin_view(self._view_of(page)), name=page.name)
            for page in self.pages()
        ]
        ours = [url for url in super().get_urls() if getattr(url, "name", "") not in CLOSED]
        return pages + ours

    def pages(self) -> list[Page]:
        parts = [part for section in self.sections for part in section.parts]
        return [part for part in parts if isinstance(part, Page)]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return self.overview.view(request, self)

    def app_index(
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> Any:
        raise NotFound  # our sections are not Django's apps

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        return []

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        sections = self.navigation(request)
        return {
            **super().each_context(request),
            "sections": sections,
            "place": _place(sections),
            "organisation": current(request),
            "organisations": _choices_of(request),
            "is_operator": is_operator(request),
            "themes": THEMES,
            "theme_choice": request.COOKIES.get("theme", "auto"),
        }

    def navigation(self, request: HttpRequest) -> list[dict[str, Any]]:
        """What this person may see, in the order of the sections."""
        home = reverse("admin:index", current_app=self.name)
        first = self._link(request, self.overview, home)
        shown: list[dict[str, Any]] = [{"title": "", "links": [first]}]
        for section in self.sections:
            links = [link for part in section.parts if (link := self._link_to(request, part))]
            if links:
                shown.append({"title": section.title, "links": links})
        return shown

    def _link_to(self, request: HttpRequest, part: Any) -> dict[str, Any] | None:
        if isinstance(part, Page):
            address = reverse(f"admin:{part.name}", current_app=self.name)
            return self._link(request, part, address) if part.is_open_to(request) else None
        rows: Any = self.get_model_admin(part[0])
        if not rows.has_module_permission(request):
            return None
        title = rows.plural or rows.opts.verbose_name_plural
        return _link(title, rows.icon, rows.url(), is_active=request.path.startswith(rows.url()))

    def _link(self, request: HttpRequest, page: Page, address: str) -> dict[str, Any]:
        return _link(page.title, page.icon, address, is_active=request.path == address)

    def _view_of(self, page: Page) -> View:
        def view(request: HttpRequest) -> HttpResponse:
            if not page.is_open_to(request):
                raise NotFound if page.operators_only else Refusal("forbidden", right=page.right)
            return page.view(request, self)

        return view

    def show(self, request: HttpRequest, template: str, **context: Any) -> TemplateResponse:
        request.current_app = self.name
        return TemplateResponse(request, template, {**self.each_context(request), **context})


def enter(request: HttpRequest) -> None:
    """The door. There is no second sign-in behind it: whoever is nobody goes to the first."""
    if not request.user.is_authenticated:
        raise Refusal("unauthenticated")
    organisation = current(request)
    if not may_see(request):
        raise Refusal("forbidden", right=GOVERN)
    if organisation is not None and not organisation.is_active and not is_operator(request):
        raise Refusal("organization_suspended")
    if "\x00" in request.path:
        raise NotFound
    if any("\x00" in value for sent in (request.GET, request.POST) for value in _values(sent)):
        raise Refusal("invalid_characters")  # PostgreSQL takes no NUL, not even to look for one


def _zone(request: HttpRequest) -> ZoneInfo:
    organisation = current(request)
    return ZoneInfo(organisation.time_zone if organisation else settings.TIME_ZONE)


def _values(sent: Any) -> list[str]:
    return [value for _field, values in sent.lists() for value in values]


def _choices_of(request: HttpRequest) -> list[Organisation]:
    """What an operator may switch to. Everybody else has their memberships on every page."""
    return list(Organisation.objects.all()[:500]) if is_operator(request) else []


def _place(sections: list[dict[str, Any]]) -> dict[str, Any]:
    """Where the navigation says one is: for the line above a title."""
    for section in sections:
        for link in section["links"]:
            if link["is_active"]:
                return {"section": section["title"], **link}
    return {}


def _link(title: Any, icon: str, address: str, *, is_active: bool) -> dict[str, Any]:
    return {"title": title, "icon": icon, "address": address, "is_active": is_active}

"""Was this made here? Asked by those who govern, of their own organisation's pictures."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.admin_base import Page, Site, current
from assistants import statements
from assistants.forms import TAKEN, OriginForm
from tale.lib import theme
from tale.lib.refusals import Refusal

TEMPLATE = "admin/origins.html"


class Asked(OriginForm):
    """In the theme's own fields: its script writes a file's name into the nearest text field."""

    def __init__(self, *sent: Any) -> None:
        super().__init__(*sent)
        self.fields["file"].widget = theme.File(attrs={"accept": TAKEN})
        self.fields["sha256"].widget = theme.Text(attrs={"autocomplete": "off"})


def _show(request: HttpRequest, site: Site) -> HttpResponse:
    organisation, words = current(request), {"title": ORIGINS.title}
    if organisation is None:
        return site.show(request, TEMPLATE, form=None, **words)
    if request.method != "POST":
        return site.show(request, TEMPLATE, form=Asked(), **words)
    form = Asked(request.POST, request.FILES)
    try:
        origin = form.answer(organisation)
    except Refusal as refusal:
        form.show(refusal)
        answer = site.show(request, TEMPLATE, form=form, **words)
        answer.status_code, answer.headers["X-Error-Code"] = refusal.status, refusal.code
        return answer
    link = statements.link_to(origin.picture.pk, organisation) if origin.picture else ""
    return site.show(request, TEMPLATE, form=Asked(), origin=origin, link=link, **words)


ORIGINS = Page("origins", "assistants/origins/", _("Was this made here?"), "verified", _show)

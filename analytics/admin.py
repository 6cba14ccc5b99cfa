"""Analytics: Top models."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.admin_base import Page, Site, current
from accounts.models import Organisation
from analytics import reports
from providers.models import Model, Tag
from tale.lib import money, theme
from tale.lib.refusals import Refusal

PERIODS = {"month": _("This month"), "30": _("Last 30 days"), "custom": _("From … to …")}


class Asked(forms.Form):
    first = forms.DateField(label=_("From"), required=False, widget=theme.Date)
    last = forms.DateField(label=_("To"), required=False, widget=theme.Date)


def top_models(request: HttpRequest, site: Site) -> HttpResponse:
    organisation = current(request)
    if organisation is None:
        return site.show(request, "admin/top_models.html", title=TOP_MODELS.title, report=None)
    period = request.GET.get("period", "month")
    asked = Asked(request.GET if period == "custom" else None)
    try:
        within = _range(organisation, period, asked)
        refusal = None
    except Refusal as no:
        within, refusal = reports.this_month(organisation, now=timezone.now()), no
    report = reports.top_models(organisation=organisation, within=within)
    answer = site.show(
        request,
        "admin/top_models.html",
        title=TOP_MODELS.title,
        report=report,
        rows=rows_of(report, organisation),
        total=money.show(report.cost_micro, organisation.currency),
        within=within,
        period=period,
        periods=PERIODS,
        asked=asked,
        refusal=refusal,
    )
    if refusal is not None:
        answer.status_code, answer.headers["X-Error-Code"] = refusal.status, refusal.code
    return answer


def rows_of(report: reports.Report, organisation: Organisation) -> list[dict[str, Any]]:
    """The report's lines in words, with the tags of models that are still there."""
    tags = {
        (model.provider.name, model.remote_id): model.tags
        for model in Model.objects.of(organisation).select_related("provider")
    }
    return [
        {
            "line": line,
            "tags": [
                Tag(tag).label
                for tag in tags.get((line.provider, line.model), ())
                if tag in Tag.values
            ],
            "cost": money.show(line.cost_micro, organisation.currency),
            "per_picture": (
                money.show(line.picture_micro, organisation.currency)
                if line.picture_micro is not None
                else ""
            ),
            "percent": report.permille(line) / 10,
        }
        for line in report.lines
    ]


def _range(organisation: Organisation, period: str, asked: Asked) -> reports.Range:
    now = timezone.now()
    if period == "month":
        return reports.this_month(organisation, now=now)
    if period == "30":
        return reports.last_days(organisation, 30, now=now)
    if period != "custom":
        raise Refusal("invalid_choice", field="period", choices=list(PERIODS))
    if not asked.is_valid():
        raise Refusal("invalid_date", _("Write both days, such as 2025-11-30."), field="first")
    first: date | None = asked.cleaned_data["first"]
    last: date | None = asked.cleaned_data["last"]
    if first is None or last is None:
        raise Refusal("required", _("Choose both days."), field="first" if last else "last")
    return reports.days(organisation, first=first, last=last)


TOP_MODELS = Page(
    name="top_models",
    address="analytics/top-models/",
    title=_("Top models"),
    icon="leaderboard",
    view=top_models,
    right="view_analytics",
)

"""The first page of the admin: what matters now, in real numbers or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.admin_base import Page, Site, current, may_do
from accounts.admin_base.history import told
from accounts.models import AuditLine, Invitation, Membership, Organisation
from analytics import reports
from analytics.admin import rows_of
from policies import losses, thresholds, usage
from policies.admin import bars
from policies.models import BudgetRule
from providers import credentials, health, prices
from providers.models import Model, Provider, Tag
from providers.models.connections import Health
from tale.lib import money
from tale.lib.refusals import Text

MOST_BARS, MOST_LINES, MOST_MODELS, MOST_UNPRICED, MOST_NEAR = 6, 8, 5, 3, 3


SICK: dict[str, Text] = {
    "no_credit": _("the account is out of credit"),
    "oauth_client": _("the sign-in service refuses our client"),
    "oauth_expired": _("the sign-in has expired"),
    "other_host": _("it was entered for another address"),
    "provider_auth": _("the service refuses it"),
    "seal_broken": _("it cannot be opened with the keys of this installation"),
}


@dataclass(frozen=True, slots=True)
class Notice:
    """Something an administrator should mend, and where."""

    text: Text
    link: Text
    address: str
    is_grave: bool = False


def overview(request: HttpRequest, site: Site) -> HttpResponse:
    organisation = current(request)
    now = timezone.now()
    if organisation is None:
        return site.show(request, "admin/overview.html", title=OVERVIEW.title)
    month = reports.this_month(organisation, now=now)
    report = reports.top_models(organisation=organisation, within=month)
    held = reports.open_holds(organisation)
    lines = AuditLine.objects.of(organisation).select_related("detail")
    done = lines.exclude(action__startswith="session.")[:MOST_LINES]
    return site.show(
        request,
        "admin/overview.html",
        title=OVERVIEW.title,
        month=month,
        report=report,
        spent=money.show(report.cost_micro, organisation.currency),
        set_aside=money.show(held.amount_micro, organisation.currency),
        models=rows_of(report, organisation)[:MOST_MODELS],
        held=held,
        bars=_bars(organisation, now=now),
        has_rules=BudgetRule.objects.of(organisation).filter(is_enabled=True).exists(),
        people=_people(organisation, now=now),
        notices=list(_notices(organisation, held, now=now)),
        lines=told(done),
        may={right: may_do(request, right) for right in ("manage_policies", "manage_people")},
    )


def _people(organisation: Organisation, *, now: datetime) -> dict[str, int]:
    mine = Membership.objects.of(organisation).filter(deactivated_at=None)
    unanswered = Invitation.objects.of(organisation).filter(accepted_at=None, revoked_at=None)
    return {
        "active": mine.filter(user__is_active=True).count(),
        "invited": unanswered.filter(expires_at__gt=now).count(),
    }


def _bars(organisation: Organisation, *, now: datetime) -> list[dict[str, Any]]:
    """Those of the whole organisation first, then whatever is fullest."""
    enabled = BudgetRule.objects.of(organisation).filter(is_enabled=True)
    rules = bars.looked_up(enabled.select_related("organisation"), now=now)
    found = [each for rule in rules for each in rule.found or [usage.unused(rule)]]
    found.sort(key=lambda each: (each.rule.scope != "organisation", -each.percent))
    return bars.rows_of(found[:MOST_BARS], rules[0].names) if rules else []


def _notices(organisation: Organisation, held: reports.Open, *, now: datetime) -> Any:
    models = reverse("admin:providers_model_changelist")
    usable = _usable(organisation, now=now)
    for tag, missing in (
        (Tag.CHAT, _("No model answers: none is enabled and tagged Chat.")),
        (Tag.IMAGE_GENERATION, _("No model draws: none is enabled and tagged Image generation.")),
    ):
        if not any(tag in model.tags for model in usable):
            yield Notice(missing, _("Open models"), models, is_grave=True)
    yield from _of_providers(organisation, now=now)
    unpriced = [model for model in usable if not prices.is_priced(model)]
    if len(unpriced) > MOST_UNPRICED:
        many = _("%(number)s models have no price, so they are not called.") % {
            "number": len(unpriced)
        }
        yield Notice(many, _("Open models"), f"{models}?priced=no", is_grave=True)
        unpriced = []
    for model in unpriced:
        text = _("%(model)s has no price, so it is not called.") % {"model": model}
        yield Notice(text, _("Set a price"), _of_model(model), is_grave=True)
    for model in usable:
        if model.retires_on is not None:
            words = {"model": model, "day": date_format(model.retires_on)}
            is_over = model.retires_on <= now.date()  # as the choice of a model counts it
            past, soon = _("%(model)s was retired on %(day)s."), _("%(model)s retires on %(day)s.")
            text = (past if is_over else soon) % words
            yield Notice(text, _("Open the model"), _of_model(model), is_grave=is_over)
        if model.vanished_at is not None:
            words = {"model": model, "provider": model.provider}
            gone = _("%(provider)s no longer lists %(model)s.") % words
            yield Notice(gone, _("Open the model"), _of_model(model), is_grave=True)
    yield from _of_budgets(organisation, now=now)
    if number := losses.of(organisation).filter(claim__in=losses.UNDECIDED).count():
        text = ngettext(
            "%(number)s call was paid and brought less than was paid for.",
            "%(number)s calls were paid and brought less than was paid for.",
            number,
        ) % {"number": number}
        address = f"{reverse('admin:policies_loss_changelist')}?decided=no"
        yield Notice(text, _("See what was lost"), address)
    if held.unknown:
        text = ngettext(
            "%(number)s hold is being checked with the provider.",
            "%(number)s holds are being checked with the provider.",
            held.unknown,
        ) % {"number": held.unknown}
        address = f"{reverse('admin:policies_hold_changelist')}?state=unknown"
        yield Notice(text, _("Open the holds"), address)


def _of_budgets(organisation: Organisation, *, now: datetime) -> Iterator[Notice]:
    for window in thresholds.near(organisation, now=now)[:MOST_NEAR]:
        rule, seen = window.rule, usage.Usage.of(window.rule, window)
        words = {
            "rule": rule,
            "used": bars.shown(rule, seen.used),
            "limit": bars.shown(rule, rule.limit),
        }
        text = _("A budget comes to its end. %(rule)s: %(used)s of %(limit)s used.") % words
        address = reverse("admin:policies_budgetrule_change", args=[rule.pk])
        yield Notice(text, _("Open the rule"), address, is_grave=seen.state == "full")


def _of_providers(organisation: Organisation, *, now: datetime) -> Iterator[Notice]:
    mine = Provider.objects.of(organisation)
    for provider in mine.filter(is_enabled=True, health=Health.FAILING):
        text = _("%(name)s fails: %(code)s.")
        if health.is_resting(provider, now=now):
            text = _("%(name)s fails and rests for now: %(code)s.")
        words = {"name": provider, "code": provider.last_error}
        yield Notice(text % words, _("Test it"), _of_provider(provider), is_grave=True)
    for sick in credentials.incidents(organisation):
        tags = ", ".join(str(Tag(tag).label) for tag in sick.affected_tags)
        text = _("“%(name)s” of %(provider)s: %(why)s. Affected: %(tags)s.")
        words = {
            "name": sick.credential,
            "provider": sick.credential.provider,
            "why": SICK.get(sick.code, sick.code),
            "tags": tags or _("nothing"),
        }
        address = reverse("admin:providers_credential_change", args=[sick.credential.pk])
        yield Notice(text % words, _("Renew it"), address, is_grave=not sick.is_covered)
    for price in prices.gaps(organisation, now=now):
        text = _("A price of %(model)s ends on %(day)s, and none goes on from there.")
        words = {"model": price.model, "day": date_format(price.valid_to or now)}
        yield Notice(text % words, _("Set a price"), _of_model(price.model))
    for provider in mine.filter(is_enabled=False):
        off = _("The provider %(name)s is switched off.") % {"name": provider}
        yield Notice(off, _("Open the provider"), _of_provider(provider))


def _usable(organisation: Organisation, *, now: datetime) -> list[Model]:
    enabled = Model.objects.of(organisation).filter(is_enabled=True, provider__is_enabled=True)
    rows = prices.with_units(enabled.select_related("provider"), now=now)
    return list(rows.order_by("name"))


def _of_model(model: Model) -> str:
    return reverse("admin:providers_model_change", args=[model.pk])


def _of_provider(provider: Provider) -> str:
    return reverse("admin:providers_provider_change", args=[provider.pk])


OVERVIEW = Page(
    name="index", address="", title=_("Overview"), icon="space_dashboard", view=overview
)

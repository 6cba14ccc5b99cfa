"""Could this person make this picture now? The chain of reasons, and nothing is spent."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from accounts.actor import Actor
from accounts.admin_base import Page, Site, current
from accounts.models import Membership, Organisation
from assistants import explain
from assistants.context import Context
from assistants.explain import About, Step
from assistants.models import Assistant
from policies.admin.names import name_of, names_of
from policies.models import BudgetRule, FeatureSwitch, Guardrail, ImagePolicy, ModelAccess
from policies.models.access import MOST_PICTURES
from providers.shapes import Wish
from tale.lib import money, theme

LONGEST_PROMPT = 32_000
QUALITIES = [("auto", _("Auto")), *ImagePolicy.Quality.choices[:3]]
NUMBER = {"inputmode": "numeric", "autocomplete": "off"}
# Where what says no is changed: the row itself, where there is one, else the list it would be in.
RULES: tuple[Any, ...] = (BudgetRule, FeatureSwitch, ModelAccess, ImagePolicy, Guardrail)
ROWS = {model._meta.pk.prefix: model for model in RULES}
PLACES = {
    About.FEATURE: ("admin:policies_featureswitch_changelist", _("Feature switches")),
    About.MODEL: ("admin:providers_model_changelist", _("Models")),
    About.GUARDRAIL: ("admin:policies_guardrail_changelist", _("Guardrails")),
    About.FIT: ("admin:providers_model_changelist", _("Models and what they draw")),
    About.PRICE: ("admin:providers_model_changelist", _("Models and their prices")),
    About.BUDGET: ("admin:policies_budgetrule_changelist", _("Budget rules")),
    About.STORAGE: ("admin:accounts_organisation_changelist", _("The organisation")),
}


class Asked(forms.Form):
    member = forms.ModelChoiceField(
        Membership.objects.none(), label=_("Person"), empty_label=None, widget=theme.Select
    )
    assistant = forms.ModelChoiceField(
        Assistant.objects.none(),
        label=_("Assistant"),
        required=False,
        empty_label=_("None"),
        widget=theme.Select,
    )
    length = forms.IntegerField(
        label=_("Length of the prompt"),
        min_value=1,
        max_value=LONGEST_PROMPT,
        initial=200,
        widget=theme.Text(attrs=NUMBER),
        help_text=_("Its words are not asked for, so no guardrail is."),
    )
    n = forms.IntegerField(
        label=_("Pictures"),
        min_value=1,
        max_value=MOST_PICTURES,
        initial=1,
        widget=theme.Text(attrs=NUMBER),
    )
    size = forms.CharField(
        label=_("Size"),
        max_length=20,
        initial="auto",
        widget=theme.Text,
        help_text=_("auto, such as 1024x1024, or such as 16:9."),
    )
    quality = forms.ChoiceField(
        label=_("Quality"), choices=QUALITIES, initial="auto", widget=theme.Select
    )

    def __init__(self, organisation: Organisation, data: Any = None) -> None:
        super().__init__(data)
        members: Any = self.fields["member"]
        people = Membership.objects.of(organisation).filter(deactivated_at=None)
        members.queryset = people.select_related("user").order_by("user__name")
        assistants: Any = self.fields["assistant"]
        assistants.queryset = Assistant.objects.of(organisation)


def _show(request: HttpRequest, site: Site) -> HttpResponse:
    organisation = current(request)
    template, words = "admin/could.html", {"title": COULD.title}
    if organisation is None:
        return site.show(request, template, asked=None, **words)
    asked = Asked(organisation, request.GET if "member" in request.GET else None)
    if not asked.is_bound or not asked.is_valid():
        answer = site.show(request, template, asked=asked, **words)
        if asked.is_bound:
            answer.status_code, answer.headers["X-Error-Code"] = 400, "invalid_value"
        return answer
    told = _explained(organisation, asked.cleaned_data)
    set_by = {step.set_by for step in told.steps if step.set_by}
    names = names_of(set_by, organisation)
    steps = [
        {
            "step": step,
            "title": explain.TITLES[step.about],
            "set_by": name_of(step.set_by, names) if step.set_by else "",
            "next": _next_of(step) if step.refusal else None,
        }
        for step in told.steps
    ]
    quote = told.quote
    cost = money.show(quote.amount_micro, quote.currency) if quote else ""
    model = told.choice.model if told.choice else None
    seen = {"told": told, "steps": steps, "cost": cost, "model": model}
    return site.show(request, template, asked=asked, **seen, **words)


def _next_of(step: Step) -> dict[str, Any]:
    """The page on which whoever governs can change the answer."""
    decides = ROWS.get(step.rule.partition("_")[0])
    if decides is not None:
        address = reverse(f"admin:policies_{decides._meta.model_name}_change", args=[step.rule])
        name = decides._meta.verbose_name
        return {"address": address, "label": _t("Open the %(name)s that decides") % {"name": name}}
    place, label = PLACES[step.about]
    return {"address": reverse(place), "label": label}


def _explained(organisation: Organisation, said: dict[str, Any]) -> explain.Explanation:
    member, assistant = said["member"], said["assistant"]
    context = Context(
        actor=Actor(organisation, member.user, member),
        reference="could",  # in a chat
        most_pictures=MOST_PICTURES,
        assistant=assistant.pk if assistant else "",
        team=member.primary_team,
    )
    wish = Wish("x" * said["length"], n=said["n"], size=said["size"], quality=said["quality"])
    return explain.picture(wish=wish, context=context, now=timezone.now(), is_said=False)


COULD = Page("could", "policies/could/", _("Could this person make it?"), "contact_support", _show)

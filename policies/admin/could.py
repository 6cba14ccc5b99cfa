"""Could this person make this picture now? The chain of reasons, and nothing is spent."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.actor import Actor
from accounts.admin_base import Page, Site, current
from accounts.models import Membership, Organisation
from assistants import explain
from assistants.context import Context
from assistants.models import Assistant
from policies.admin.names import name_of, names_of
from providers.shapes import Wish
from tale.lib import money, theme

LONGEST_PROMPT = 32_000
QUALITIES = [(name, name) for name in ("auto", "low", "medium", "high")]


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
        help_text=_("Its words are not asked for, so no guardrail is."),
    )
    n = forms.IntegerField(label=_("Pictures"), min_value=1, max_value=10, initial=1)
    size = forms.CharField(label=_("Size"), max_length=20, initial="auto")
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
        }
        for step in told.steps
    ]
    quote = told.quote
    cost = money.show(quote.amount_micro, quote.currency) if quote else ""
    return site.show(request, template, asked=asked, told=told, steps=steps, cost=cost, **words)


def _explained(organisation: Organisation, said: dict[str, Any]) -> explain.Explanation:
    member, assistant = said["member"], said["assistant"]
    context = Context(
        actor=Actor(organisation, member.user, member),
        reference="could",
        assistant=assistant.pk if assistant else "",
        team=member.primary_team,
    )
    wish = Wish("x" * said["length"], n=said["n"], size=said["size"], quality=said["quality"])
    return explain.picture(wish=wish, context=context, now=timezone.now(), is_said=False)


COULD = Page("could", "policies/could/", _("Could this person make it?"), "contact_support", _show)

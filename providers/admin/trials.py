"""A test picture of a model: what it would cost, the picture, or why there is none."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from accounts.admin_base import OrganisationAdmin, actor
from assistants import explain, trials
from assistants.models import Artifact, Trial
from policies.models import Entry
from providers import abilities
from providers.models import Model, Tag
from providers.shapes import Capabilities, Wish
from tale.lib import money, theme
from tale.lib.fields import new_id
from tale.lib.refusals import Refusal

AUTO = ("auto", _("Auto"))
FIRST = _("A fox in the snow, drawn in ink")


class TrialForm(forms.Form):
    prompt = forms.CharField(
        label=_("Prompt"),
        max_length=trials.LONGEST,
        initial=FIRST,
        widget=theme.Lines(attrs={"rows": 3}),
    )
    size = forms.ChoiceField(label=_("Size"), widget=theme.Select)
    quality = forms.ChoiceField(label=_("Quality"), widget=theme.Select)
    token = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(self, able: Capabilities, data: Any = None) -> None:
        super().__init__(data, initial={"token": new_id("press"), "size": "auto"})
        sizes = able.sizes or able.aspects or ("1024x1024", "1536x1024", "1024x1536")
        choices: Any = self.fields["size"]
        choices.choices = [AUTO, *((each, each.replace("x", " × ")) for each in sizes)]
        choices = self.fields["quality"]
        choices.choices = [AUTO, *((each, each) for each in able.qualities)]

    def wish(self) -> Wish:
        said: Any = self.cleaned_data if self.is_bound else {}
        size, quality = (said.get(name) or "auto" for name in ("size", "quality"))
        return Wish(said.get("prompt", str(FIRST)), size=size, quality=quality)


def offers(model: Model) -> bool:
    return Tag.IMAGE_GENERATION in model.tags


def page(rows: OrganisationAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    model: Model = rows.row_or_404(request, object_id)
    if not rows.may_act(request, model):
        raise Refusal("forbidden", right=rows.right)
    if not offers(model):
        raise Refusal("unsupported_for_model")
    sent = request.POST if request.method == "POST" else request.GET
    form = TrialForm(abilities.of(model), sent if "prompt" in sent else None)
    is_good = not form.is_bound or form.is_valid()
    refusal: Refusal | None = None if is_good else Refusal("invalid_value")
    if request.method == "POST" and form.is_bound and is_good:
        try:
            trial = trials.start(
                actor=actor(request),
                model=model,
                wish=form.wish(),
                token=form.cleaned_data["token"],
                now=timezone.now(),
                seen_micro=_seen(request),
            )
            here = reverse("admin:providers_model_trial", args=[model.pk])
            return HttpResponseRedirect(f"{here}?trial={trial.pk}")
        except Refusal as no:
            rows.witness(request, no)
            refusal = no
    context = {
        "original": model,
        "title": _t("A test picture of %(model)s") % {"model": model.name},
        "form": form,
        "refusal": refusal,
        "back": rows.url(model.pk),
        "trial": _trial(request, model),
        **(_foreseen(request, model, form.wish()) if is_good else {}),
    }
    answer = rows.show(request, "admin/trial.html", **context)
    if refusal is not None:
        answer.status_code, answer.headers["X-Error-Code"] = refusal.status, refusal.code
    return answer


def _seen(request: HttpRequest) -> int:
    """The price that stood beside the button."""
    said = request.POST.get("seen", "")
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 19 else 0


def _foreseen(request: HttpRequest, model: Model, wish: Wish) -> dict[str, Any]:
    told = trials.estimate(actor=actor(request), model=model, wish=wish, now=timezone.now())
    quote = told.quote
    return {
        "told": told,
        "cost": money.show(quote.amount_micro, quote.currency) if quote else "",
        "against": [
            {"title": explain.TITLES[step.about], "text": step.text}
            for step in told.steps
            if step.refusal
        ],
    }


def _trial(request: HttpRequest, model: Model) -> dict[str, Any] | None:
    """Of one's own: what another administrator wrote is theirs."""
    mine = Trial.objects.of(model.organisation).filter(by=request.user.pk, model=model)
    trial = mine.filter(pk=request.GET.get("trial", "")).select_related("job").first()
    if trial is None:
        return None
    job = trial.job
    made = Artifact.objects.of(model.organisation).filter(job=job) if job else ()
    ready = [picture for picture in made if picture.state == Artifact.State.READY]
    changes = (job.plan if job else {}).get("adjustments", ())
    return {
        "row": trial,
        "is_open": trial.state in Trial.OPEN,
        "pictures": ready,
        "changes": changes,
        "cost": _billed(model, job.hold) if job else "",
    }


def _billed(model: Model, hold: str) -> str:
    mine = Entry.objects.of(model.organisation).filter(hold=hold)
    billed = mine.order_by().aggregate(sum=Sum("amount_micro"))["sum"] or 0
    return money.show(billed, model.organisation.currency)

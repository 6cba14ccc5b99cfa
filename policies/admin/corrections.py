"""Putting a booked line right: what was billed more, what less, what came back."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from accounts.admin_base import AmountField, OrganisationAdmin, actor
from policies import corrections
from policies.models import Entry
from tale.lib import money, theme
from tale.lib.refusals import Refusal

RIGHT = "manage_policies"
MORE, LESS, BACK = "more", "less", "refund"
KIND_OF = {
    MORE: (Entry.Kind.ADJUSTMENT, 1),
    LESS: (Entry.Kind.ADJUSTMENT, -1),
    BACK: (Entry.Kind.REFUND, -1),
}


class CorrectionForm(forms.Form):
    what = forms.ChoiceField(
        label=_("What happened"),
        choices=(
            (BACK, _("The provider paid money back")),
            (LESS, _("Less was billed than was booked")),
            (MORE, _("More was billed than was booked")),
        ),
        widget=theme.Select,
    )
    amount = AmountField(label=_("By how much"))
    reason = forms.CharField(
        label=_("Why"),
        max_length=corrections.LONGEST_REASON,
        widget=theme.Lines(attrs={"rows": 2}),
        help_text=_("Such as the number of the credit note. The audit keeps it with your name."),
    )


def page(rows: OrganisationAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    entry: Entry = rows.row_or_404(request, object_id)
    if not rows.may_act(request, entry):
        raise Refusal("forbidden", right=rows.right)
    form = CorrectionForm(request.POST if request.method == "POST" else None)
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        try:
            line = _corrected(request, entry, form.cleaned_data)
            messages.success(request, _t("Booked. The line it corrects stays as it was."))
            return HttpResponseRedirect(rows.url(str(line.pk)))
        except Refusal as no:
            rows.witness(request, no)
            refusal = no
    elif form.is_bound:
        refusal = Refusal("invalid_value")
    answer = rows.show(
        request,
        "admin/correction.html",
        original=entry,
        title=_t("Correct this entry"),
        form=form,
        refusal=refusal,
        is_told=bool(form.errors),
        back=rows.url(str(entry.pk)),
        **_so_far(request, entry),
    )
    if refusal is not None:
        answer.status_code, answer.headers["X-Error-Code"] = refusal.status, refusal.code
    return answer


def _corrected(request: HttpRequest, entry: Entry, said: dict[str, Any]) -> Entry:
    kind, sign = KIND_OF[said["what"]]
    return corrections.correct(
        actor=actor(request),
        entry=entry,
        kind=kind,
        amount_micro=sign * said["amount"],
        reason=said["reason"],
        now=timezone.now(),
    )


def _so_far(request: HttpRequest, entry: Entry) -> dict[str, Any]:
    """All lines of the same hold: they never come to less than nothing."""
    lines = Entry.objects.of(actor(request).organisation).filter(hold=entry.hold).order_by("seq")
    total = lines.aggregate(sum=Sum("amount_micro"))["sum"] or 0
    shown = [
        {"at": line.at, "kind": line.get_kind_display(), "amount": _said(line.amount_micro, line)}
        for line in lines
    ]
    return {"lines": shown, "total": _said(total, entry)}


def _said(amount: int, line: Entry) -> str:
    return money.show(amount, line.currency)

"""Legal holds: one person sets them, another releases them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.actor import Actor
from accounts.admin_base import Choice, GovernedForm, OrganisationAdmin, actor, by_word, current
from accounts.models import Membership
from assistants.models import Artifact
from chats.models import Chat
from policies import legal
from policies.admin.names import name_of, names_of
from policies.models import LegalHold
from tale.lib import theme

Scope = LegalHold.Scope


class ByState(Choice):
    title = _("state")
    parameter_name = "state"
    words = (("on", _("In force")), ("released", _("Released")))

    def narrow(self, rows: Any, chosen: str) -> Any:
        return rows.filter(released_at__isnull=chosen == "on")


class LegalHoldForm(GovernedForm):
    picture = forms.CharField(
        label=_("Picture"),
        required=False,
        max_length=40,
        widget=theme.Text,
        help_text=_("Its id, such as art_6h5q…"),
    )
    chat = forms.CharField(
        label=_("Chat"),
        required=False,
        max_length=40,
        widget=theme.Text,
        help_text=_("Its id, such as chat_6h5q…"),
    )
    person = forms.ModelChoiceField(
        Membership.objects.none(),
        label=_("Person"),
        required=False,
        empty_label=_("Choose one"),
        widget=theme.Select,
    )

    class Meta:
        model = LegalHold
        fields = ("scope", "reason")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if "person" in self.fields and self.organisation is not None:
            people: Any = self.fields["person"]
            here = Membership.objects.of(self.organisation)
            people.queryset = here.select_related("user").order_by("user__email")

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        scope = said.get("scope", "")
        if scope in Scope.values and scope not in self.errors:
            said["subject"] = self._subject(scope, said.get(scope))
        return said

    def _subject(self, scope: str, named: Any) -> str:
        """Something of one's own organisation: a foreign id looks as if there were none."""
        organisation = self.organisation
        if not named or organisation is None:
            self.add_error(scope, forms.ValidationError(_("Say which one."), "required"))
            return ""
        if scope == Scope.PERSON:
            return audit.who(organisation.pk, named.user)
        model: Any = Artifact if scope == Scope.PICTURE else Chat
        there = model.objects.of(organisation).filter(pk=named.strip())
        if scope == Scope.PICTURE:
            there = there.exclude(state__in=(Artifact.State.DELETING, Artifact.State.DELETED))
        if not there.exists():
            missing = forms.ValidationError(_("There is none with this id."), "not_found")
            self.add_error(scope, missing)
        return str(named.strip())


class LegalHoldAdmin(OrganisationAdmin):
    form = LegalHoldForm
    icon = "gavel"
    right = "manage_policies"
    changes = False
    prefilled = ("scope", "picture", "chat")
    intro = _(
        "What must not be deleted, whoever asks: by hand, by retention or with a person's data. "
        "Whoever sets one cannot release it; a second administrator does."
    )
    when_empty = _("Nothing is held. Pictures are deleted as people and retention decide.")
    help_texts = {
        "scope": _("What is made later in the chat, or by the person, is covered too."),
        "reason": _("Such as the number of the case. Administrators and auditors read it."),
    }
    titles = {"set_at": _("since"), "released_at": _("released")}
    list_display = ("what", "reason", "set_by_name", "set_at", "state")
    list_filter = (ByState, by_word("scope", Scope.choices, _("covers")))
    search_fields = ("id", "subject", "reason")
    conditional_fields = {name: f"scope == '{name}'" for name in Scope.values}
    actions = None
    actions_detail = ("release",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ("scope", *Scope.values, "reason")
        seen = ("what", "state", "reason", "set_by_name", "set_at")
        released = ("released_by_name", "released_at", "release_reason")
        return (*seen, *released) if obj.released_at else seen

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.get_fields(request, obj) if obj is not None else ()

    def get_form(self, request: HttpRequest, obj: Any = None, *asked: Any, **options: Any) -> Any:
        options["fields"] = list(LegalHoldForm.Meta.fields) if obj is None else []
        return super().get_form(request, obj, *asked, **options)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        shown = super().get_changelist_instance(request)
        shown.result_list = self._with_names(request, list(shown.result_list))
        return shown

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        return self._with_names(request, [row])[0] if row is not None else None

    def _with_names(self, request: HttpRequest, rows: list[Any]) -> list[Any]:
        organisation = current(request)
        ids = {each for row in rows for each in (row.subject, row.set_by, row.released_by)}
        names = names_of(ids, organisation) if organisation else {}
        for row in rows:
            row.names = names
        return rows

    def heading(self, row: Any) -> str:
        return ": ".join(self.what(row))

    @theme.display(description=_("covers"), header=True, ordering="scope")
    def what(self, row: Any) -> list[str]:
        return [row.get_scope_display(), name_of(row.subject, row.names)]

    @theme.display(description=_("set by"))
    def set_by_name(self, row: Any) -> str:
        return name_of(row.set_by, row.names)

    @theme.display(description=_("released by"))
    def released_by_name(self, row: Any) -> str:
        return name_of(row.released_by, row.names)

    @theme.display(description=_("state"), label={"on": "danger"})
    def state(self, row: LegalHold) -> tuple[str, str]:
        return ("released", _t("Released")) if row.released_at else ("on", _t("In force"))

    def save_model(self, request: HttpRequest, obj: LegalHold, form: Any, change: bool) -> None:
        said = form.cleaned_data
        held = legal.put(
            actor=actor(request),
            scope=said["scope"],
            subject=said["subject"],
            reason=said["reason"],
            now=timezone.now(),
        )
        self.adopt(obj, held)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        hold = self.get_object(request, object_id)
        offered = hold is not None and hold.released_at is None and self.may_act(request, hold)
        return super().get_actions_detail(request, object_id) if offered else []

    @theme.action(description=_("Release"), icon="lock_open")
    def release(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.reasoned(
            request,
            object_id,
            _release,
            _t("Released. What it covered may be deleted again."),
            title=_t("Release this legal hold?"),
            text=_t("What it covers may be deleted from this moment, by people and by retention."),
            button=_t("Release"),
            is_grave=True,
        )


def _release(who: Actor, hold: LegalHold, reason: str) -> None:
    legal.release(actor=who, hold=hold, reason=reason, now=timezone.now())

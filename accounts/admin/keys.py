from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import keys
from accounts.actor import Actor
from accounts.admin_base import (
    Choice,
    GovernedForm,
    LabelsField,
    LinesField,
    OrganisationAdmin,
    actor,
    of_own,
)
from accounts.models import ApiKey, Membership, Team
from accounts.models.keys import Scope
from tale.lib import theme

STATES = {"valid": _("Valid"), "expired": _("Expired"), "revoked": _("Revoked")}
LABEL_OF_STATE = {"valid": "success", "expired": "warning", "revoked": "danger"}
LIVES = (7, 30, 90, 180, 365)  # days


class ByState(Choice):
    title = _("state")
    parameter_name = "state"
    words = tuple(STATES.items())

    def narrow(self, rows: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        now = timezone.now()
        condition = {
            "valid": Q(revoked_at=None, expires_at__gt=now),
            "expired": Q(revoked_at=None, expires_at__lte=now),
            "revoked": Q(revoked_at__isnull=False),
        }.get(chosen)
        return rows.filter(condition) if condition is not None else rows.none()


class ByKind(Choice):
    title = _("whose")
    parameter_name = "whose"
    words = (("service", _("Service keys")), ("person", _("Keys of people")))

    def narrow(self, rows: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        return rows.filter(owner__isnull=chosen == "service")


class KeyForm(GovernedForm):
    scopes = LabelsField(
        label=_("It may"),
        choices=Scope.choices,
        initial=[Scope.READ, Scope.CHAT, Scope.IMAGES],
        help_text=_("Give a key no more than it needs. Administration is everything you may do."),
    )
    days = forms.TypedChoiceField(
        label=_("It expires in"),
        coerce=int,
        initial=keys.LIFE.days,
        choices=lambda: [
            (days, ngettext("%(days)d day", "%(days)d days", days) % {"days": days})
            for days in LIVES
        ],
        widget=theme.Select,
    )
    allowed_addresses = LinesField(
        label=_("Allowed addresses"),
        required=False,
        max_length=2000,
        help_text=_("One address or network in a line, such as 10.0.0.0/8. Empty: from anywhere."),
    )

    class Meta:
        model = ApiKey
        fields = ("name", "scopes", "team", "allowed_addresses")


class KeyAdmin(OrganisationAdmin):
    form = KeyForm
    icon = "key"
    right = "manage_keys"
    changes = False
    intro = _(
        "What programs sign in with. People make their own keys on their own page; here are those "
        "and the service keys, which belong to nobody and act for the organisation."
    )
    titles = {
        "created_at": _("made"),
        "last_used_at": _("last used"),
        "expires_at": _("expires"),
        "revoked_at": _("revoked"),
    }
    help_texts = {"name": _("So that you know it again in a year.")}
    when_empty = _("A service key lets a program work for the organisation, within its scopes.")
    list_display = ("label", "whose", "may", "team", "last_used_at", "expires_at", "state")
    list_filter = (
        ByState,
        ByKind,
        of_own(Team, "team", _("team")),
        of_own(Membership, "owner", _("owner")),
    )
    list_select_related = ("owner__user", "team")
    search_fields = ("name", "prefix")
    actions = ("revoke_chosen",)
    actions_detail = ("revoke",)

    @theme.display(description=_("key"), header=True, ordering="name")
    def label(self, key: ApiKey) -> list[str]:
        return [key.name, f"tale_{key.prefix}_…"]

    @theme.display(description=_("whose"), ordering="owner__user__email")
    def whose(self, key: ApiKey) -> str:
        return str(key.owner) if key.owner else _t("Service")

    @theme.display(description=_("it may"))
    def may(self, key: ApiKey) -> str:
        return ", ".join(str(Scope(scope).label) for scope in key.scopes)

    @theme.display(description=_("state"), label=LABEL_OF_STATE)
    def state(self, key: ApiKey) -> tuple[str, str]:
        if key.revoked_at is not None:
            name = "revoked"
        else:
            name = "valid" if key.expires_at > timezone.now() else "expired"
        return name, str(STATES[name])

    @theme.display(description=_("made by"))
    def made_by(self, key: ApiKey) -> str:
        return str(key.created_by or "")

    @theme.display(description=_("allowed addresses"))
    def addresses(self, key: ApiKey) -> str:
        return ", ".join(key.allowed_addresses) or _t("Any")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ("name", "scopes", "team", "days", "allowed_addresses")
        made = ("made_by", "created_at", "last_used_at", "expires_at", "revoked_at")
        return ("label", "state", "whose", "may", "team", "addresses", *made)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.get_fields(request, obj) if obj is not None else ()

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        sent = form.cleaned_data
        now = timezone.now()
        key, secret = keys.create(
            actor=actor(request),
            name=sent["name"],
            scopes=sent["scopes"],
            team=sent["team"],
            expires_at=now + timedelta(days=sent["days"]),
            allowed_addresses=sent["allowed_addresses"],
            now=now,
        )
        self.adopt(obj, key)
        request.made = secret  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> Any:
        """In the answer itself and nowhere else: not in a session, a message or an address."""
        secret = request.made  # type: ignore[attr-defined]
        return self.show(request, "admin/key_made.html", original=obj, secret=secret)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        key = self.get_object(request, object_id)
        offered = key is not None and key.revoked_at is None and self.may_act(request, key)
        return super().get_actions_detail(request, object_id) if offered else []

    @theme.action(description=_("Revoke"), icon="key_off", variant=theme.ActionVariant.DANGER)
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.confirmed(
            request,
            object_id,
            _revoke,
            _t("Revoked. The key works no more."),
            title=_("Revoke this key?"),
            text=_("Programs that use it are refused from this moment. This cannot be undone."),
            button=_("Revoke"),
            is_grave=True,
        )

    @theme.action(description=_("Revoke the chosen keys"), permissions=["add"])
    def revoke_chosen(self, request: HttpRequest, queryset: Any) -> None:
        self.each(request, queryset, _revoke, _t("Revoked."))


def _revoke(actor: Actor, key: ApiKey) -> None:
    keys.revoke(actor=actor, key=key, now=timezone.now())

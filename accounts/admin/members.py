from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from accounts import people, permissions
from accounts.actor import Actor
from accounts.admin_base import Choice, OrganisationAdmin, actor, by_word, current, of_own
from accounts.models import Membership, Role, Team
from assistants import storage
from tale.lib import theme

GRAVE = theme.ActionVariant.DANGER
LABEL_OF_ROLE = {Role.OWNER: "primary", Role.ADMIN: "info", Role.AUDITOR: "warning"}


class ByState(Choice):
    title = _("state")
    parameter_name = "state"
    words = (("active", _("Active")), ("off", _("Switched off")))

    def narrow(self, rows: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        return rows.filter(deactivated_at__isnull=chosen == "active")


class MemberAdmin(OrganisationAdmin):
    icon = "person"
    right = "manage_people"
    adds = False  # people come by invitation
    intro = _(
        "Everybody of this organisation. People come by invitation; who leaves is switched off, "
        "which ends their sessions here and their keys at once and keeps what they did."
    )
    titles = {"joined_at": _("joined")}
    help_texts = {"role": _("What the role may do is the same for everybody who has it.")}
    list_display = ("person", "role_label", "is_author", "primary_team", "state", "joined_at")
    list_filter = (
        by_word("role", Role.choices, _("role")),
        of_own(Team, "teams__team", _("team")),
        ByState,
    )
    list_select_related = ("user", "primary_team")
    search_fields = ("user__email", "user__name")
    search_help_text = _("Search by name or address")
    readonly_fields = ("person", "state", "joined_at", "weight")
    fieldsets = (
        (None, {"fields": ("person", "state", "joined_at", "weight")}),
        (_("What this person may do"), {"fields": ("role", "is_author", "primary_team")}),
    )
    actions = ("switch_off", "switch_on")
    actions_detail = ("deactivate", "reactivate", "make_owner")

    @theme.display(description=_("person"), header=True, ordering="user__email")
    def person(self, row: Membership) -> list[str]:
        user = row.user
        return [str(user), user.email if user.name else "", str(user)[:2]]

    @theme.display(description=_("role"), label=LABEL_OF_ROLE, ordering="role")
    def role_label(self, row: Membership) -> tuple[str, str]:
        return row.role, row.get_role_display()

    @theme.display(description=_("state"), label={"off": "danger", "active": "success"})
    def state(self, row: Membership) -> tuple[str, str]:
        return ("active", _t("Active")) if row.is_active else ("off", _t("Switched off"))

    @theme.display(description=_("stored now"))
    def weight(self, row: Membership) -> str:
        usage = storage.usage_of_person(row.organisation, row.user)
        said = {
            "used": filesizeformat(usage.used),
            "limit": filesizeformat(usage.limit),
            "generated": filesizeformat(usage.generated),
        }
        if usage.counts_generated:
            return _t("%(used)s of %(limit)s") % said
        return _t("%(used)s of %(limit)s, and %(generated)s generated, which does not count") % said

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes a person who may do more than they."""
        held = permissions.rights_in(request.user, current(request))
        above = isinstance(obj, Membership) and not held >= permissions.RIGHTS_OF[obj.role]
        return super().has_change_permission(request, obj) and not above

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fixed = ("role",) if obj is not None and obj.role == Role.OWNER else ()
        return (*self.readonly_fields, *fixed)

    def get_form(self, request: HttpRequest, obj: Any = None, *asked: Any, **options: Any) -> Any:
        form = super().get_form(request, obj, *asked, **options)
        if "primary_team" in form.base_fields and obj is not None:
            teams = Team.objects.of(obj.organisation).filter(members__membership=obj)
            form.base_fields["primary_team"].queryset = teams
        if "role" in form.base_fields:  # a role that was not offered is refused by the domain
            held = permissions.rights_in(request.user, current(request))
            form.base_fields["role"].widget.choices = [
                (role, label)
                for role, label in Role.choices
                if role != Role.OWNER and permissions.may_give(held, role)
            ]
        return form

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        found, several = super().get_search_results(request, queryset, search_term)
        chosen_from = request.resolver_match and request.resolver_match.url_name == "autocomplete"
        return (found.filter(deactivated_at=None) if chosen_from else found), several

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        fields = {name: form.cleaned_data[name] for name in form.changed_data}
        if fields:
            stored = self.stored(request, obj)
            people.change_member(actor=actor(request), membership=stored, **fields)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        row = self.get_object(request, object_id)
        possible = self._possible(request, row) if row is not None else set()
        offered = super().get_actions_detail(request, object_id)
        return [action for action in offered if action.path in possible]

    def _possible(self, request: HttpRequest, row: Membership) -> set[str]:
        if not self.has_change_permission(request, row):
            return set()
        if row.deactivated_at is not None:
            return {"reactivate"}
        if row.role == Role.OWNER:
            return set()
        hands_over = row.is_active and self.may_act(request, row, "transfer_ownership")
        return {"deactivate", "make_owner"} if hands_over else {"deactivate"}

    @theme.action(description=_("Switch off"), icon="person_off", variant=GRAVE)
    def deactivate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.confirmed(
            request,
            object_id,
            _deactivate,
            _t("Switched off. Their sessions and keys here have ended."),
            title=_("Switch this person off?"),
            text=_(
                "They can do nothing here from this moment, and their API keys are revoked. Their "
                "chats and pictures stay. They can be switched on again; their keys cannot."
            ),
            button=_("Switch off"),
            is_grave=True,
        )

    @theme.action(description=_("Switch on"), icon="person_check")
    def reactivate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.confirmed(
            request,
            object_id,
            _reactivate,
            _t("Switched on again."),
            title=_("Switch this person on again?"),
            text=_("They get the role they had. They make new API keys themselves."),
            button=_("Switch on"),
        )

    @theme.action(description=_("Make owner"), icon="shield_person", url_path="make_owner")
    def make_owner(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.confirmed(
            request,
            object_id,
            lambda actor, row: people.transfer_ownership(actor=actor, to=row),
            _t("This person owns the organisation now."),
            right="transfer_ownership",
            title=_("Hand the organisation over?"),
            text=_(
                "There is one owner. This person becomes it, and the owner until now becomes an "
                "administrator. Only the new owner can hand it back."
            ),
            button=_("Make owner"),
            is_grave=True,
        )

    @theme.action(description=_("Switch off the chosen people"), permissions=["change"])
    def switch_off(self, request: HttpRequest, queryset: Any) -> None:
        self.each(request, queryset, _deactivate, _t("Switched off."))

    @theme.action(description=_("Switch on the chosen people"), permissions=["change"])
    def switch_on(self, request: HttpRequest, queryset: Any) -> None:
        self.each(request, queryset, _reactivate, _t("Switched on again."))

    def links(self, request: HttpRequest) -> list[dict[str, Any]]:
        if not self.may_act(request):
            return []
        address = reverse("admin:accounts_invitation_add")
        return [{"title": _t("Invite people"), "icon": "mail", "address": address}]


def _deactivate(actor: Actor, row: Membership) -> None:
    people.deactivate(actor=actor, membership=row, now=timezone.now())


def _reactivate(actor: Actor, row: Membership) -> None:
    people.reactivate(actor=actor, membership=row, now=timezone.now())

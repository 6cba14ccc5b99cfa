from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from accounts import invitations, permissions
from accounts.actor import Actor
from accounts.admin_base import Choice, OrganisationAdmin, actor, by_word, current
from accounts.models import Invitation, Role
from tale.lib import theme

STATES = {
    "open": _("Open"),
    "accepted": _("Accepted"),
    "revoked": _("Revoked"),
    "expired": _("Expired"),
}
LABEL_OF_STATE = {"open": "info", "accepted": "success", "expired": "warning"}


class ByState(Choice):
    title = _("state")
    parameter_name = "state"
    words = tuple(STATES.items())

    def narrow(self, rows: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        unanswered = Q(accepted_at=None, revoked_at=None)
        condition = {
            "open": unanswered & Q(expires_at__gt=timezone.now()),
            "accepted": Q(accepted_at__isnull=False),
            "revoked": Q(revoked_at__isnull=False),
            "expired": unanswered & Q(expires_at__lte=timezone.now()),
        }.get(chosen)
        return rows.filter(condition) if condition is not None else rows.none()


class InvitationAdmin(OrganisationAdmin):
    icon = "mail"
    right = "manage_people"
    changes = False
    intro = _(
        "An invitation is a link by e-mail that works once, for seven days. It says nothing about "
        "other organisations the person may belong to."
    )
    titles = {
        "created_at": _("sent"),
        "mailed_at": _("mailed"),
        "expires_at": _("expires"),
        "accepted_at": _("accepted"),
    }
    help_texts = {
        "email": _("Where the link goes. Only who has this address can accept it."),
        "role": _("What the person may do here. You give no more than you may do yourself."),
        "team": _("They begin in this team, and it pays for what they do."),
    }
    when_empty = _("Invite the people you work with: they get a link by e-mail.")
    list_display = ("email", "role_label", "team", "state", "by", "mailed_at", "expires_at")
    list_filter = (ByState, by_word("role", Role.choices, _("role")))
    list_select_related = ("team", "invited_by")
    search_fields = ("email",)
    fields = ("email", "role", "team")
    actions = ("revoke_chosen",)
    actions_detail = ("revoke",)

    @theme.display(description=_("role"), ordering="role")
    def role_label(self, row: Invitation) -> str:
        return row.get_role_display()

    @theme.display(description=_("state"), label=LABEL_OF_STATE)
    def state(self, row: Invitation) -> tuple[str, str]:
        now = timezone.now()
        if row.accepted_at is not None:
            name = "accepted"
        elif row.revoked_at is not None:
            name = "revoked"
        else:
            name = "open" if row.is_open(now=now) else "expired"
        return name, str(STATES[name])

    @theme.display(description=_("invited by"), ordering="invited_by__email")
    def by(self, row: Invitation) -> str:
        return str(row.invited_by or "")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        seen = ("state", "by", "created_at", "mailed_at", "expires_at", "accepted_at")
        return (*self.fields, *seen) if obj is not None else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.get_fields(request, obj) if obj is not None else ()

    def get_form(self, request: HttpRequest, obj: Any = None, *asked: Any, **options: Any) -> Any:
        form = super().get_form(request, obj, *asked, **options)
        if "role" in form.base_fields:  # a role that was not offered is refused by the domain
            held = permissions.rights_in(request.user, current(request))
            form.base_fields["role"].widget.choices = [
                (role, label)
                for role, label in Role.choices
                if role != Role.OWNER and permissions.may_give(held, role)
            ]
        return form

    def save_model(self, request: HttpRequest, obj: Invitation, form: Any, change: bool) -> None:
        sent = invitations.invite(
            actor=actor(request),
            email=obj.email,
            role=obj.role,
            team=obj.team,
            now=timezone.now(),
        )
        self.adopt(obj, sent)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> Any:
        messages.success(request, _t("%(email)s is invited.") % {"email": obj.email})
        return HttpResponseRedirect(self.url())

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        row = self.get_object(request, object_id)
        is_open = row is not None and row.is_open(now=timezone.now())
        offered = is_open and self.may_act(request, row)
        return super().get_actions_detail(request, object_id) if offered else []

    @theme.action(description=_("Revoke"), icon="unsubscribe", variant=theme.ActionVariant.DANGER)
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.confirmed(
            request,
            object_id,
            _revoke,
            _t("Revoked. The link in the mail works no more."),
            title=_("Revoke this invitation?"),
            text=_("The link in the mail stops working. You can invite this address again."),
            button=_("Revoke"),
            is_grave=True,
        )

    @theme.action(description=_("Revoke the chosen invitations"), permissions=["add"])
    def revoke_chosen(self, request: HttpRequest, queryset: Any) -> None:
        self.each(request, queryset, _revoke, _t("Revoked."))


def _revoke(actor: Actor, row: Invitation) -> None:
    invitations.revoke(actor=actor, invitation=row, now=timezone.now())

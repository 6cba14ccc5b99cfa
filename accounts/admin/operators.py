"""What only the operator of the installation sees: accounts, across every organisation."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import audit, operators
from accounts.admin_base import Choice, OrganisationAdmin, is_operator
from accounts.auth import active_memberships, origin_of, person_of
from accounts.models import Organisation, User
from tale.lib import theme
from tale.lib.refusals import Refusal


class ByActivity(Choice):
    title = _("state")
    parameter_name = "state"
    words = (("active", _("Active")), ("off", _("Switched off")), ("operator", _("Operators")))

    def narrow(self, rows: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        if chosen == "operator":
            return rows.filter(is_superuser=True)
        return rows.filter(is_active=chosen == "active")


class AccountAdmin(OrganisationAdmin):
    icon = "manage_accounts"
    adds = False
    owner_field = ""
    intro = _(
        "Every account of this installation. Switching one off ends its sessions and keys in "
        "every organisation."
    )
    titles = {"created_at": _("made"), "last_login": _("last sign-in")}
    list_display = ("person", "belongs_to", "state", "created_at", "last_login")
    list_filter = (ByActivity,)
    search_fields = ("email", "name")
    readonly_fields = ("email", "belongs_to", "created_at", "last_login")
    fields = ("email", "name", "language", "is_active", "belongs_to", "created_at", "last_login")
    actions = None

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_operator(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_operator(request)

    def may_act(self, request: HttpRequest, obj: Any = None, right: str = "") -> bool:
        return is_operator(request)

    def witness(self, request: HttpRequest, refusal: Refusal) -> None:
        """In no organisation's audit: it is between the operator and the installation."""
        if refusal.code in audit.KEPT:
            audit.write_platform(
                action="account.change",
                user=person_of(request),
                origin=origin_of(request),
                outcome=refusal.code,
            )

    def rows_of(self, organisation: Organisation) -> QuerySet[Any]:
        return User.objects.filter(memberships__organisation=organisation)

    def every_row(self) -> QuerySet[Any]:
        return User.objects.all()

    def get_ordering(self, request: HttpRequest) -> Any:
        return ("email",)

    @theme.display(description=_("account"), header=True, ordering="email")
    def person(self, user: User) -> list[str]:
        return [str(user), user.email if user.name else "", str(user)[:2]]

    @theme.display(description=_("belongs to"))
    def belongs_to(self, user: User) -> str:
        return ", ".join(str(row.organisation) for row in active_memberships(user))

    @theme.display(description=_("state"), label={"active": "success", "off": "danger"})
    def state(self, user: User) -> tuple[str, str]:
        return ("active", str(_("Active"))) if user.is_active else ("off", str(_("Switched off")))

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        fields = {name: form.cleaned_data[name] for name in form.changed_data}
        stored = self.stored(request, obj)
        by, origin = person_of(request), origin_of(request)
        operators.change_account(by=by, user=stored, origin=origin, **fields)

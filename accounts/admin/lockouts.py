from __future__ import annotations

from datetime import datetime
from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from accounts import lockouts
from accounts.actor import Actor
from accounts.admin_base import OrganisationAdmin, current
from accounts.models import Organisation
from tale.lib import theme


class LockoutAdmin(OrganisationAdmin):
    """What was typed in (`post_data`) is nobody's business, so no list and no page shows it."""

    icon = "lock_person"
    plural = _("Lock-outs")
    right = "manage_people"
    adds = False
    owner_field = ""  # an account may belong to several
    intro = _(
        "Wrong passwords for the accounts of your people. Too many lock the account for a quarter "
        "of an hour; release it when you know that it was its owner."
    )
    titles = {
        "username": _("account"),
        "failures_since_start": _("wrong passwords"),
        "ip_address": _("address"),
        "attempt_time": _("last tried"),
    }
    when_empty = _("Nobody typed a wrong password lately.")
    list_display = ("username", "state", "failures_since_start", "ip_address", "attempt_time")
    list_display_links = None
    search_fields = ("username", "ip_address")
    actions = ("release",)

    def rows_of(self, organisation: Organisation) -> QuerySet[Any]:
        return lockouts.counted(lockouts.attempts_of(organisation), now=timezone.now())

    def every_row(self) -> QuerySet[Any]:
        return lockouts.counted(AccessAttempt.objects.all(), now=timezone.now())

    def get_ordering(self, request: HttpRequest) -> Any:
        return ("-attempt_time",)

    def is_here(self, request: HttpRequest, obj: Any) -> bool:
        organisation = current(request)
        if organisation is None or not isinstance(obj, AccessAttempt):
            return organisation is not None
        return lockouts.attempts_of(organisation).filter(pk=obj.pk).exists()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("username", "state", "failures_since_start", "ip_address", "attempt_time")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.get_fields(request, obj)

    @theme.display(description=_("state"), label={"locked": "danger"})
    def state(self, attempt: Any) -> tuple[str, str]:
        if attempt.recent < settings.AXES_FAILURE_LIMIT:
            return "open", _t("Not locked")
        until = timezone.localtime(_end_of(attempt)).strftime("%H:%M")
        return "locked", _t("Locked until %(time)s") % {"time": until}

    @theme.action(description=_("Release the chosen accounts"), permissions=["change"])
    def release(self, request: HttpRequest, queryset: Any) -> None:
        self.each(request, queryset, _release, _t("Released. They may sign in again."))


def _end_of(attempt: AccessAttempt) -> datetime:
    end: datetime = attempt.attempt_time + lockouts.cool_off()
    return end


def _release(actor: Actor, attempt: AccessAttempt) -> None:
    lockouts.release(actor=actor, account=attempt.username or "")

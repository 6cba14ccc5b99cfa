"""Accounts locked after too many wrong passwords. axes counts them by account, see settings."""

from __future__ import annotations

from datetime import datetime, timedelta

from axes.models import AccessAttempt
from axes.utils import reset
from django.conf import settings
from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from accounts import audit
from accounts.actor import Actor
from accounts.models import Membership, Organisation, User
from tale.lib.refusals import NotFound


def attempts_of(organisation: Organisation) -> QuerySet[AccessAttempt]:
    """Wrong passwords for the accounts of this organisation's people."""
    here = User.objects.filter(memberships__organisation=organisation)
    return AccessAttempt.objects.filter(username__in=here.values("email_key"))


def counted(attempts: QuerySet[AccessAttempt], *, now: datetime) -> QuerySet[AccessAttempt]:
    """`recent`: how many failures of the account count at `now`, wherever they came from."""
    same = AccessAttempt.objects.filter(
        username=OuterRef("username"), attempt_time__gt=now - cool_off()
    )
    total = same.order_by().values("username").annotate(sum=Sum("failures_since_start"))
    return attempts.annotate(recent=Coalesce(Subquery(total.values("sum")), 0))


def cool_off() -> timedelta:
    return timedelta(hours=settings.AXES_COOLOFF_TIME)


@transaction.atomic
def release(*, actor: Actor, account: str) -> None:
    actor.require("manage_people")
    mine = Membership.objects.of(actor.organisation).select_related("user")
    membership = mine.filter(user__email_key=account).first()
    if membership is None:
        raise NotFound
    reset(username=account)
    audit.write(actor=actor, action="lockout.released", target=membership)

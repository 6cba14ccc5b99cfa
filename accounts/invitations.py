"""Invitations by e-mail.

    open ──accept──▶ accepted        the mail holds a secret, the row its hash
      ├────revoke──▶ revoked         the link works once, for seven days, and for as long as the
      └────7 days──▶ expired         one who invited may give what it promises

Neither the mail nor the page says whether the address has an account, or where else it belongs,
to anybody but the one who reads that mail.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from functools import partial
from smtplib import SMTPException
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts import audit, people, permissions
from accounts.actor import Actor
from accounts.models import Invitation, Membership, Team, User
from accounts.models.people import email_key
from tale.lib.refusals import NotFound, Refusal

log = structlog.get_logger(__name__)
LIFE = timedelta(days=7)


@transaction.atomic
def invite(
    *, actor: Actor, email: str, role: str, now: datetime, team: Team | None = None
) -> Invitation:
    """Mails the link once this is committed; `mailed_at` says afterwards whether that went well."""
    people.may_give(actor, role)
    _may_be_invited(actor, email, now=now)
    if team is not None and team.organisation_id != actor.organisation.pk:
        raise NotFound(field="team")
    secret = secrets.token_urlsafe(32)
    invitation = Invitation(
        organisation=actor.organisation,
        email=email.strip().lower(),
        role=role,
        team=team,
        secret_hash=_hash(secret),
        invited_by=actor.user,
        expires_at=now + LIFE,
    )
    try:
        with transaction.atomic():
            invitation.save()
    except IntegrityError as twice:
        raise _open_already() from twice
    after = {"role": role, "team": team.pk if team else ""}
    audit.write(actor=actor, action="invitation.sent", target=invitation, after=after)
    transaction.on_commit(partial(_mail, invitation, secret))
    return invitation


@transaction.atomic
def revoke(*, actor: Actor, invitation: Invitation, now: datetime) -> None:
    actor.require("manage_people")
    if invitation.organisation_id != actor.organisation.pk:
        raise NotFound
    if invitation.close(accepted=False, now=now):
        audit.write(actor=actor, action="invitation.revoked", target=invitation)


def look_up(*, secret: str, origin: audit.Origin, now: datetime) -> Invitation:
    """The open invitation behind a link. `state` of a refusal says more to the one who holds it."""
    found = Invitation.unscoped.select_related("organisation", "invited_by", "team")
    invitation = found.filter(secret_hash=_hash(secret)).first()
    if invitation is None:
        if audit.has_room("invitation.refused", origin.address):
            audit.write_platform(
                action="invitation.refused", user=None, origin=origin, outcome="invalid_link"
            )
        raise Refusal("invalid_link", state="unknown")
    refusal = _why_not(invitation, now=now)
    if refusal is not None:
        refused(invitation=invitation, refusal=refusal, origin=origin)
        raise refusal
    return invitation


def refused(*, invitation: Invitation, refusal: Refusal, origin: audit.Origin) -> None:
    """Nobody has signed in who could be named, but the organisation is known."""
    if audit.has_room("invitation.refused", invitation.pk):
        actor = Actor(invitation.organisation, address=origin.address, request_id=origin.request_id)
        audit.refused(actor=actor, refusal=refusal, action="invitation.refused", target=invitation)


def account_of(invitation: Invitation) -> User | None:
    return User.objects.filter(email_key=invitation.email_key).first()


@transaction.atomic
def accept(
    *, invitation: Invitation, user: User, origin: audit.Origin, now: datetime
) -> Membership:
    if user.email_key != invitation.email_key:
        raise Refusal("forbidden", _("This invitation is for another address."))
    if not invitation.close(accepted=True, now=now):
        raise Refusal("invalid_link", state="used")
    membership = people.enrol(
        organisation=invitation.organisation,
        user=user,
        role=invitation.role,
        team=invitation.team,
    )
    actor = Actor(
        invitation.organisation,
        user,
        membership,
        address=origin.address,
        request_id=origin.request_id,
    )
    after = {"role": invitation.role, "invitation": invitation.pk}
    audit.write(actor=actor, action="invitation.accepted", target=membership, after=after)
    return membership


@transaction.atomic
def accept_as_newcomer(
    *, invitation: Invitation, origin: audit.Origin, now: datetime, password: str, **fields: Any
) -> Membership:
    """The link came by mail to this address, so the address is theirs."""
    user = people.create_user(email=invitation.email, password=password, **fields)
    return accept(invitation=invitation, user=user, origin=origin, now=now)


def _may_be_invited(actor: Actor, email: str, *, now: datetime) -> None:
    try:
        validate_email(email.strip())
    except ValidationError as wrong:
        raise Refusal("invalid_value", wrong.messages[0], field="email") from wrong
    key = email_key(email)
    members = Membership.objects.of(actor.organisation).filter(deactivated_at=None)
    if members.filter(user__email_key=key).exists():
        raise Refusal("already_exists", _("This person is a member already."), field="email")
    former = Invitation.objects.of(actor.organisation).filter(
        email_key=key, accepted_at=None, revoked_at=None
    )
    for invitation in former:
        if invitation.is_open(now=now):
            raise _open_already()
        invitation.close(accepted=False, now=now)


def _open_already() -> Refusal:
    message = _("This address has an open invitation. Revoke it to send another.")
    return Refusal("already_exists", message, field="email")


def _why_not(invitation: Invitation, *, now: datetime) -> Refusal | None:
    if invitation.accepted_at is not None:
        return Refusal("invalid_link", state="used")
    if invitation.revoked_at is not None or not invitation.organisation.is_active:
        return Refusal("invalid_link", state="unknown")
    if invitation.expires_at <= now:
        return Refusal("link_expired", state="expired")
    by = invitation.invited_by
    if by is not None:
        held = permissions.rights_in(by, invitation.organisation)
        if not permissions.may_give(held, invitation.role):
            return Refusal("invalid_link", state="unknown")
    return None


def _mail(invitation: Invitation, secret: str) -> None:
    path = reverse("accounts:invitation", args=[secret])
    about = {"invitation": invitation, "url": f"{settings.TALE_URL}{path}"}
    home = invitation.organisation
    with translation.override(home.language), timezone.override(ZoneInfo(home.time_zone)):
        subject = " ".join(render_to_string("accounts/email/invitation_subject.txt", about).split())
        text = render_to_string("accounts/email/invitation_message.txt", about)
    try:
        send_mail(subject, text, None, [invitation.email])
    except (SMTPException, OSError) as broken:
        log.warning("invitation not mailed", invitation=invitation.pk, broken=repr(broken))
        return
    invitation.mailed_at = timezone.now()
    invitation.save(update_fields=["mailed_at"])


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()

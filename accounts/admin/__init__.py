"""People & keys, and the audit."""

from accounts.admin.audit import AuditAdmin
from accounts.admin.invitations import InvitationAdmin
from accounts.admin.keys import KeyAdmin
from accounts.admin.lockouts import LockoutAdmin
from accounts.admin.members import MemberAdmin
from accounts.admin.operators import AccountAdmin
from accounts.admin.organisations import OrganisationSettings
from accounts.admin.teams import TeamAdmin

__all__ = [
    "AccountAdmin",
    "AuditAdmin",
    "InvitationAdmin",
    "KeyAdmin",
    "LockoutAdmin",
    "MemberAdmin",
    "OrganisationSettings",
    "TeamAdmin",
]

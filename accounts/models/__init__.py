from accounts.models.audit import AuditDetail, AuditHead, AuditLine, AuditSeal, Event, Pseudonym
from accounts.models.keys import ApiKey
from accounts.models.people import (
    Invitation,
    Membership,
    Organisation,
    Role,
    Team,
    TeamMember,
    User,
)

__all__ = [
    "ApiKey",
    "AuditDetail",
    "AuditHead",
    "AuditLine",
    "AuditSeal",
    "Event",
    "Invitation",
    "Membership",
    "Organisation",
    "Pseudonym",
    "Role",
    "Team",
    "TeamMember",
    "User",
]

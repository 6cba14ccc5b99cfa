from __future__ import annotations

from dataclasses import dataclass, replace

from accounts import permissions
from accounts.models import ApiKey, Membership, Organisation, Role, User
from tale.lib.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, for whom, from where: made once at the edge, handed down, never rebuilt."""

    organisation: Organisation
    user: User | None = None
    membership: Membership | None = None
    key: ApiKey | None = None
    surface: str = "web"
    address: str = ""
    request_id: str = ""

    @property
    def rights(self) -> frozenset[str]:
        if self.key is None:
            return permissions.rights_in(self.user, self.organisation) if self.user else frozenset()
        if self.user is None:  # a service key is as good as an administrator, within its scopes
            held = frozenset(permissions.RIGHTS_OF[Role.ADMIN])
        else:
            held = permissions.rights_in(self.user, self.organisation)
        return held & permissions.within(self.key.scopes)

    def may(self, right: str) -> bool:
        return right in self.rights

    def require(self, right: str, *, scope: str = "") -> None:
        if scope and self.key is not None and scope not in self.key.scopes:
            raise Refusal("insufficient_scope", scope=scope)
        if not self.may(right):
            raise Refusal("forbidden", right=right)

    def on(self, surface: str) -> Actor:
        return replace(self, surface=surface)

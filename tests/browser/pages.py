"""Which pages there are. The admin's are read off the admin itself, so a new section is among them
from its first day."""

from __future__ import annotations

from tests.browser.conftest import Visitor

DOOR = (
    "/accounts/login/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/password/reset/key/1-set-password/",
    "/invitations/no-such-link",
    "/licence",
    "/verify",
    "/p/no-such-picture",
    "/no-such-page",
)
OWN = (
    "/",
    "/profile",
    "/pictures",
    "/keys",
    "/accounts/password/change/",
    "/accounts/email/",
    "/accounts/logout/",
    "/licence",
    "/verify",
    "/no-such-page",
    "/admin/",  # closed to a member
)
FAULTS = ["403", "404"]  # what the console says of some of them


def lists_of_admin(admin: Visitor) -> list[str]:
    """The overview, every list and every report that the navigation leads to."""
    links = admin.go("/admin/").locator("#side nav a").all()
    return [address for link in links if (address := link.get_attribute("href"))]


def forms_behind(admin: Visitor, address: str) -> list[str]:
    """The first row of this list, and the form that adds one."""
    page = admin.go(address)
    found = (page.locator("#result_list tbody a"), page.locator('.t-head a[href$="/add/"]'))
    return [link.first.get_attribute("href") or "" for link in found if link.count()]

"""No page has a serious fault of accessibility, by axe, in light and in dark.

The chat with pictures, a card and the viewer, the door's refusals and a new key are looked at where
they come up: in the story and in the tests of the door, of invitations and of keys.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.conftest import Visitor
from tests.browser.pages import DOOR, FAULTS, OWN, forms_behind, lists_of_admin

# Markup that is not ours and that no style sheet mends: the rule, and where it comes from.
OF_SWAGGER_UI = {
    "nested-interactive": "the button of an operation holds a link to it",
    "select-name": "the examples of an answer are chosen from a select without a label",
}


@pytest.mark.parametrize("who", ["", "member"])
def test_own_pages(visitor: Callable[..., Visitor], who: str) -> None:
    guest = visitor(who)
    guest.expected += FAULTS
    for address in OWN if who else DOOR:
        guest.go(address)
        guest.check_both_schemes()


def test_the_page_of_the_api(visitor: Callable[..., Visitor]) -> None:
    guest = visitor()
    operation = guest.go("/api/v1/docs").locator("#operations-me-me_get")
    operation.locator(".opblock-summary-control").click()
    operation.locator(".opblock-body pre.example").first.wait_for()
    guest.check_access(but=OF_SWAGGER_UI)


def test_lists_of_the_admin(visitor: Callable[..., Visitor]) -> None:
    admin = visitor("admin")
    lists = lists_of_admin(admin)
    assert len(lists) >= 15
    for address in lists:
        admin.go(address)
        admin.check_both_schemes()


def test_forms_of_the_admin(visitor: Callable[..., Visitor]) -> None:
    admin = visitor("admin")
    forms = [form for address in lists_of_admin(admin) for form in forms_behind(admin, address)]
    assert len(forms) >= 12
    for address in dict.fromkeys(forms):
        admin.go(address)
        admin.check_access()

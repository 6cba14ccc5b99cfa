"""An invitation, from the admin's form to the newcomer's first page."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.conftest import Visitor, mailed_link
from tests.running import Running

NINA = "nina@demo.example"


def test_an_invited_person_comes_in(visitor: Callable[..., Visitor], tale: Running) -> None:
    admin, guest = visitor("admin"), visitor()
    office = admin.go("/admin/accounts/invitation/")
    office.get_by_role("link", name="Add invitation").first.click()
    office.locator("[name=email]").fill(NINA)
    office.locator("[name=role]").select_option("member")
    office.locator("[name=team]").select_option(label="Design")
    admin.shoot("admin-invite")
    office.get_by_role("button", name="Save", exact=True).click()
    row = office.locator("#result_list tr", has_text=NINA)
    expect(row).to_contain_text("Open")

    link = mailed_link(tale, NINA)
    page = guest.go(link)
    expect(page.get_by_role("heading", level=1)).to_have_text("Join Demo")
    guest.shoot("invitation")
    guest.check_access()
    guest.expected.append("400")
    page.locator("[name=name]").fill("Nina Newcomer")
    page.locator("[name=password]").fill("0123456789")
    page.get_by_role("button", name="Create my account").click()
    expect(page.locator("[name=password]")).to_be_focused()
    expect(page.locator("[name=password]")).to_have_attribute("aria-invalid", "true")
    guest.shoot("invitation-refused")
    page.locator("[name=password]").fill("nine narrow lanterns")
    page.get_by_role("button", name="Create my account").click()
    expect(page).to_have_url(f"{tale.url}/")
    expect(page.get_by_role("button", name="Your account: Nina Newcomer")).to_be_visible()

    other = visitor()
    other.expected.append("403")
    told = other.go(link).get_by_role("heading", level=1)
    expect(told).to_have_attribute("data-error-code", "invalid_link")
    expect(told).to_have_text("This invitation was used")
    other.shoot("invitation-used")
    other.check_access()

    admin.go("/admin/accounts/membership/")
    member = office.locator("#result_list tr", has_text=NINA)
    expect(member).to_contain_text("Nina Newcomer")
    expect(member).to_contain_text("Design")
    admin.go("/admin/accounts/invitation/")
    expect(row).to_contain_text("Accepted")

"""The admin as its people meet it: one organisation, by role, in real numbers."""

from __future__ import annotations

from collections.abc import Callable

import httpx2
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visitor
from tests.running import Running

STRANGER = "stranger@elsewhere.example"


def test_an_admin_sees_their_organisation_alone(visitor: Callable[..., Visitor]) -> None:
    admin = visitor("admin")
    page = admin.go("/admin/accounts/membership/")
    addresses = page.locator("#result_list tbody tr").all_inner_texts()
    assert len(addresses) >= 4
    assert all("@demo.example" in row for row in addresses)
    page.get_by_placeholder("Search by name or address").fill("stranger")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Nothing fits")).to_be_visible()
    admin.shoot("admin-nothing-fits")
    for place in ("/admin/", "/admin/accounts/auditline/", "/admin/accounts/apikey/"):
        assert "Stranger" not in admin.go(place).locator("body").inner_text()
    expect(page.get_by_role("link", name="Accounts")).to_have_count(0)


@pytest.mark.parametrize(
    "rows",
    ["accounts/membership", "providers/provider", "providers/model", "assistants/assistant"],
)
def test_what_is_a_strangers_is_not_found(visitor: Callable[..., Visitor], rows: str) -> None:
    theirs = visitor(STRANGER).go(f"/admin/{rows}/").locator("#result_list tbody a").first
    address = theirs.get_attribute("href") or ""
    assert address.startswith(f"/admin/{rows}/")
    admin = visitor("admin")
    admin.expected.append("404")
    page = admin.go(address.partition("?")[0])
    expect(page.locator("[data-error-code=not_found]")).to_be_visible()
    assert "Stranger" not in page.content()


@pytest.mark.usefixtures("cast")
def test_an_admin_changes_a_team(visitor: Callable[..., Visitor]) -> None:
    admin = visitor("admin")
    page = admin.go("/admin/accounts/team/")
    page.get_by_role("link", name="Press").click()
    page.locator("[name=name]").fill("Press office")
    row(page, "Pat").get_by_role("checkbox", name="Lead").check()
    admin.shoot("admin-team")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(row(page, "Press office").locator(".field-leads")).to_have_text("1")
    row(page, "Press office").get_by_role("link").click()
    expect(row(page, "Pat").get_by_role("checkbox", name="Lead")).to_be_checked()
    expect(row(page, "Remi").get_by_role("checkbox", name="Lead")).not_to_be_checked()
    page.get_by_role("link", name="History").click()
    expect(page.get_by_role("listitem").filter(has_text="Adam Admin").first).to_be_visible()
    admin.shoot("admin-team-history")


def test_an_auditor_reads_and_cannot_write(visitor: Callable[..., Visitor]) -> None:
    auditor = visitor("auditor")
    page = auditor.go("/admin/accounts/team/")
    expect(page.get_by_role("link", name="Add team")).to_have_count(0)
    expect(page.locator("#result_list .action-select")).to_have_count(0)
    page.get_by_role("link", name="Design").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Design")
    for name in ("Save", "Delete"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
        expect(page.get_by_role("link", name=name)).to_have_count(0)
    expect(page.locator("[name=name]")).to_have_count(0)
    auditor.shoot("admin-auditor")
    auditor.go("/admin/accounts/auditline/")
    expect(page.locator("#result_list tbody tr").first).to_be_visible()
    auditor.expected.append("403")
    auditor.go("/admin/accounts/team/add/")
    expect(page.locator("[data-error-code=forbidden]")).to_be_visible()


def test_a_member_is_kept_out(visitor: Callable[..., Visitor]) -> None:
    member = visitor("member")
    page = member.go("/")
    page.get_by_role("button", name="Your account: Mia Member").click()
    expect(page.get_by_role("link", name="API keys")).to_be_visible()
    expect(page.get_by_role("link", name="Administration")).to_have_count(0)
    member.expected.append("403")
    member.go("/admin/")
    expect(page.locator("[data-error-code=forbidden]")).to_be_visible()


def test_top_models_counts_a_picture(visitor: Callable[..., Visitor], tale: Running) -> None:
    admin = visitor("admin")
    before = pictures(admin)
    made = httpx2.post(
        f"{tale.url}/openai/v1/images/generations",
        headers={"Authorization": f"Bearer {tale.key}"},
        json={"model": "studio-image", "prompt": "a fox", "size": "256x256"},
        timeout=60,
    )
    assert made.status_code == 200, made.text
    assert pictures(admin) == before + 1
    line = admin.page.locator("tbody tr", has_text="studio-image")
    expect(line).to_contain_text("EUR")
    admin.shoot("admin-top-models")


def pictures(admin: Visitor) -> int:
    line = admin.go("/admin/analytics/top-models/").locator("tbody tr", has_text="studio-image")
    return int(line.locator("td").nth(3).inner_text()) if line.count() else 0


def row(page: Page, text: str) -> Locator:
    return page.locator("tbody tr", has_text=text)

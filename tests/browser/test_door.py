"""The front door: in, out, locked, forgotten; and who belongs nowhere."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor, mailed_link
from tests.running import Running

LOGIN = re.compile(r"/accounts/login/")
NEW_PASSWORD = "four quiet harbours"


def test_in_to_where_one_wanted_and_out_again(visitor: Callable[..., Visitor]) -> None:
    guest = visitor()
    page = guest.go("/profile")
    expect(page).to_have_url(LOGIN)
    fill_in(page, "member@demo.example", guest.tale.password)
    expect(page).to_have_url(f"{guest.tale.url}/profile")
    page.get_by_role("button", name="Your account: Mia Member").click()
    guest.shoot("account-menu")
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(LOGIN)
    page.go_back()
    expect(page).to_have_url(LOGIN)
    guest.go("/")
    expect(page).to_have_url(LOGIN)


def test_a_wrong_password_is_said_and_the_address_stays(visitor: Callable[..., Visitor]) -> None:
    guest = visitor()
    page = guest.sign_in("member", "not the one")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page).to_have_url(LOGIN)
    expect(page.locator("[name=login]")).to_have_value("member@demo.example")
    expect(page.locator("[name=password]")).to_have_value("")
    guest.shoot("wrong-password")
    guest.go("/profile")
    expect(page).to_have_url(LOGIN)


def test_the_password_can_be_shown(visitor: Callable[..., Visitor]) -> None:
    page = visitor().go("/accounts/login/")
    password = page.locator("[name=password]")
    expect(password).to_have_attribute("type", "password")
    page.get_by_role("button", name="Show password").click()
    expect(password).to_have_attribute("type", "text")


@pytest.mark.usefixtures("cast")
def test_ten_wrong_passwords_lock_until_an_admin_releases(visitor: Callable[..., Visitor]) -> None:
    guest, admin = visitor(), visitor("admin")
    guest.expected.append("429")
    for number in range(9):
        page = guest.sign_in("locky", f"wrong {number}")
        expect(page.get_by_role("alert")).to_be_visible()
    locked = page.locator("h1[data-error-code=rate_limited]")
    fill_in(page, "locky@demo.example", "the tenth")
    expect(locked).to_be_visible()
    guest.shoot("locked")
    guest.sign_in("locky")
    expect(locked).to_be_visible()

    office = admin.go("/admin/axes/accessattempt/")
    row = office.locator("#result_list tr", has_text="locky@demo.example")
    expect(row).to_contain_text("Locked until")
    row.get_by_role("checkbox").check()
    office.locator("select[name=action]").select_option(label="Release the chosen accounts")
    admin.shoot("admin-lockout")
    office.get_by_role("button", name="Run").click()
    expect(row).to_have_count(0)
    guest.sign_in("locky")
    expect(page).to_have_url(f"{guest.tale.url}/")


@pytest.mark.usefixtures("cast")
def test_a_new_password_ends_every_other_session(visitor: Callable[..., Visitor]) -> None:
    here, there = visitor(), visitor()
    page = here.sign_in("pat")
    there.sign_in("pat")
    here.go("/accounts/password/change/")
    page.locator("[name=oldpassword]").fill(here.tale.password)
    for field in ("password1", "password2"):
        page.locator(f"[name={field}]").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Save the password").click()
    expect(page.locator("#toasts .toast--success")).to_be_visible()
    here.go("/profile")
    expect(page.get_by_role("heading", level=1)).to_have_text("Profile & security")
    expect(there.go("/profile")).to_have_url(LOGIN)
    there.sign_in("pat")
    expect(there.page.get_by_role("alert")).to_be_visible()
    there.sign_in("pat", NEW_PASSWORD)
    expect(there.page).to_have_url(f"{there.tale.url}/")


@pytest.mark.usefixtures("cast")
def test_a_forgotten_password_is_set_anew_by_mail(
    visitor: Callable[..., Visitor], tale: Running
) -> None:
    guest = visitor()
    page = guest.go("/accounts/login/")
    page.get_by_role("link", name="Forgot your password?").click()
    page.locator("[name=email]").fill("remi@demo.example")
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your mail")
    link = mailed_link(tale, "remi@demo.example")
    guest.go(link)
    for field in ("password1", "password2"):
        page.locator(f"[name={field}]").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Save the password").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Password saved")
    page.get_by_role("link", name="Sign in").click()
    fill_in(page, "remi@demo.example", NEW_PASSWORD)
    expect(page).to_have_url(f"{tale.url}/")
    expect(visitor().go(link).get_by_role("heading", level=1)).to_have_text(
        "This link no longer works"
    )


@pytest.mark.usefixtures("cast")
@pytest.mark.parametrize(
    ("who", "told"), [("nomad", "No organisation yet"), ("sue", "Shut is suspended")]
)
def test_who_has_no_organisation_is_told_so(
    visitor: Callable[..., Visitor], who: str, told: str
) -> None:
    guest = visitor()
    page = guest.sign_in(who)
    expect(page.get_by_role("heading", level=1)).to_have_text(told)
    guest.shoot(f"nowhere-{who}")
    guest.check_access()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(LOGIN)


def fill_in(page: Page, address: str, password: str) -> None:
    page.locator("[name=login]").fill(address)
    page.locator("[name=password]").fill(password)
    page.get_by_role("button", name="Sign in").click()

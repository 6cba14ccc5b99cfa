"""What everybody may choose: language, light or dark, and a screen of any width."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Visitor
from tests.browser.pages import DOOR, FAULTS, OWN, forms_behind, lists_of_admin

LIGHT, DARK = "rgb(247, 248, 244)", "rgb(18, 25, 22)"  # --paper in static/tale.css
HALF = {"width": 640, "height": 400}  # 1280 at 200 % zoom
# What <html> looks like when there is a first thing to paint.
FIRST_LOOK = """
new MutationObserver((_changes, self) => {
  if (!document.body) return;
  window.firstLook = document.documentElement.className;
  self.disconnect();
}).observe(document, { childList: true, subtree: true });
"""


def test_a_guest_changes_the_language_and_back(visitor: Callable[..., Visitor]) -> None:
    guest = visitor()
    page = guest.go("/accounts/password/reset/")
    for button, code in (("Deutsch", "de"), ("English", "en")):
        page.get_by_role("button", name=button).click()
        expect(page.locator("html")).to_have_attribute("lang", code)
        expect(page).to_have_url(f"{guest.tale.url}/accounts/password/reset/")
        assert cookie(guest, "django_language") == code
    guest.go("/licence")
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_a_new_browser_speaks_what_it_is_set_to(visitor: Callable[..., Visitor]) -> None:
    page = visitor(locale="de-AT").go("/accounts/login/")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    page = visitor(locale="fr-FR").go("/accounts/login/")
    expect(page.locator("html")).to_have_attribute("lang", "en")


@pytest.mark.usefixtures("cast")
def test_a_persons_language_goes_with_them(visitor: Callable[..., Visitor]) -> None:
    greta, elsewhere = visitor(), visitor()
    page = greta.sign_in("greta")
    page.get_by_role("button", name="Your account: Greta").click()
    page.get_by_role("button", name="Deutsch").click()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    page = elsewhere.sign_in("greta")
    expect(page).to_have_url(f"{elsewhere.tale.url}/")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    elsewhere.go("/profile")
    page.locator("select[name=language]").select_option("en")
    page.locator("main form button[type=submit]").first.click()
    expect(page.locator("#toasts .toast--success")).to_have_text("Saved.")
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_german_is_spoken(visitor: Callable[..., Visitor]) -> None:
    guest = visitor(locale="de-DE")
    page = guest.go("/accounts/login/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Anmelden")
    guest.shoot("german")


def test_the_theme_is_painted_first_and_kept(visitor: Callable[..., Visitor]) -> None:
    guest = visitor(color_scheme="light")
    page = guest.go("/accounts/login/")
    assert background(page) == LIGHT
    page.emulate_media(color_scheme="dark")
    assert background(page) == DARK
    for button, paint in (("Light", LIGHT), ("Dark", DARK)):
        page.get_by_role("button", name=button).click()
        expect(page.get_by_role("button", name=button)).to_have_attribute("aria-pressed", "true")
        page.emulate_media(color_scheme="light" if paint is DARK else "dark")
        assert background(page) == paint
        # The server writes it, so there is no moment in which the page looks different.
        sent = page.reload()
        assert sent
        assert f'data-theme="{button.lower()}"' in sent.text()
        assert background(page) == paint
    guest.shoot("dark")
    page.get_by_role("button", name="Auto").click()
    page.reload()
    assert background(page) == LIGHT


def test_the_admin_keeps_the_same_theme(visitor: Callable[..., Visitor]) -> None:
    admin = visitor("admin", color_scheme="light")
    page = admin.page
    page.add_init_script(FIRST_LOOK)
    admin.go("/admin/")
    assert "dark" not in page.evaluate("firstLook").split()
    page.get_by_role("button", name="Your account: Adam Admin").click()
    page.get_by_role("button", name="Dark").click()
    assert background(page) == DARK
    admin.go("/admin/accounts/team/")
    assert "dark" in page.evaluate("firstLook").split()
    assert background(page) == DARK
    admin.shoot("admin-dark")
    assert 'data-theme="dark"' in admin.go("/profile").content()


@pytest.mark.parametrize("who", ["", "member"])
def test_no_page_is_wider_than_the_screen(visitor: Callable[..., Visitor], who: str) -> None:
    guest = visitor(who)
    guest.expected += FAULTS
    for address in OWN if who else DOOR:
        is_narrow_enough(guest, address)


def test_no_page_of_the_admin_is_wider_than_the_screen(visitor: Callable[..., Visitor]) -> None:
    admin = visitor("admin")
    for address in lists_of_admin(admin):
        is_narrow_enough(admin, address)
    for address in forms_behind(admin, "/admin/accounts/team/"):
        is_narrow_enough(admin, address)


def is_narrow_enough(guest: Visitor, address: str) -> None:
    for screen in (HALF, PHONE):
        guest.page.set_viewport_size(screen)  # type: ignore[arg-type]
        page = guest.go(address)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= screen["width"], (address, screen)


def background(page: Page) -> str:
    painted: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return painted


def cookie(guest: Visitor, name: str) -> str | None:
    return next(
        (each.get("value") for each in guest.context.cookies() if each.get("name") == name), None
    )

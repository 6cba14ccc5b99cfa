"""The story of the product: a picture appears inline; under a cap, a toast and a card instead."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Visitor
from tests.running import Running

LIFT_THE_CAP = """
from django.utils import timezone
from accounts.actor import Actor
from accounts.models import Membership, Organisation, Role
from policies import rules
from policies.models import BudgetRule
demo = Organisation.objects.get(name="Demo")
owner = Membership.objects.of(demo).select_related("user").get(role=Role.OWNER)
rule = BudgetRule.objects.of(demo).get(scope="organisation")
rules.delete(actor=Actor(demo, owner.user, owner), rule=rule, now=timezone.now())
"""


def ask(page: Page, text: str) -> None:
    page.wait_for_load_state()  # Enter means "send" once the page's script runs
    page.locator("#composer-text").fill(text)
    page.keyboard.press("Enter")


def test_a_picture_appears_and_a_cap_stops_the_next(
    visitor: Callable[..., Visitor], tale: Running
) -> None:
    member, admin = visitor(), visitor()
    page = member.sign_in("member")
    member.shoot("chat-empty")
    ask(page, "Draw mountains at sunset, as a watercolour")
    expect(page).to_have_url(re.compile(r"/chats/chat_\w+$"))
    picture = page.locator(".picture img").first
    expect(picture).to_be_visible(timeout=20_000)
    expect(page.locator(".answer__body")).to_have_attribute("data-state", "done")
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("image => image.naturalWidth > 0")
    assert picture.evaluate("image => image.currentSrc").endswith("?variant=thumb")
    assert picture.evaluate("image => image.width / image.height") == 1
    member.shoot("chat-picture")

    office = admin.sign_in("admin")
    office.goto(f"{admin.tale.url}/admin/policies/budgetrule/add/")
    office.locator("[name=scope]").select_option("organisation")
    office.locator("[name=capability]").select_option("image")
    office.locator("[name=limit]").fill("0.05")
    office.get_by_role("button", name="Save", exact=True).click()
    expect(office.get_by_text("0.05").first).to_be_visible()
    admin.shoot("admin-rule-saved")

    ask(page, "Draw two variations of the sea at night")
    toast = page.locator("#toasts .toast")
    expect(toast).to_contain_text("0.05", timeout=20_000)
    card = page.locator('[data-error-code="budget_exceeded"]').first
    expect(card).to_be_visible()
    expect(page.locator(".answer__body").nth(1)).to_have_attribute("data-state", "done")
    assert page.locator(".picture").count() == 1
    member.shoot("chat-refused")
    member.check_access()
    page.reload()
    expect(page.locator('.turn [data-error-code="budget_exceeded"]')).to_be_visible()

    office.goto(f"{admin.tale.url}/admin/")
    admin.shoot("admin-overview")
    tale.manage("shell", "-c", LIFT_THE_CAP)


def test_the_preview_is_walked_by_keyboard(visitor: Callable[..., Visitor]) -> None:
    owner = visitor(color_scheme="dark")
    page = owner.sign_in("owner")
    ask(page, "Draw three variations of an orange cat in an office, low quality")
    pictures = page.locator(".picture")
    expect(pictures.nth(2)).to_be_visible(timeout=30_000)
    expect(page.locator(".answer__body")).to_have_attribute("data-state", "done")
    owner.shoot("chat-three-dark")
    pictures.first.focus()
    page.keyboard.press("Enter")
    viewer = page.locator("#viewer")
    expect(viewer).to_be_visible()
    expect(viewer).to_contain_text("1")
    page.keyboard.press("ArrowRight")
    expect(viewer.locator(".viewer__count")).to_contain_text("2")
    owner.shoot("viewer-dark")
    owner.check_access()
    page.keyboard.press("Escape")
    expect(viewer).to_be_hidden()
    expect(pictures.nth(1).or_(pictures.first).first).to_be_visible()
    owner.check_access()


def test_on_a_phone(visitor: Callable[..., Visitor]) -> None:
    guest = visitor(viewport=PHONE, locale="de-DE")
    page = guest.sign_in("owner")
    guest.shoot("phone-empty-german")
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["width"]
    guest.check_access()


def test_the_last_picture_is_changed(visitor: Callable[..., Visitor]) -> None:
    owner = visitor("owner")
    page = owner.go("/")
    ask(page, "Draw a mountain lake, low quality")
    expect(page.locator(".picture img").first).to_be_visible(timeout=20_000)
    expect(page.locator(".answer__body")).to_have_attribute("data-state", "done")
    ask(page, "Make it night, please")
    expect(page.locator(".picture img").nth(1)).to_be_visible(timeout=20_000)
    expect(page.locator(".answer__body").nth(1)).to_have_attribute("data-state", "done")
    owner.shoot("chat-changed")


def test_one_picture_is_deleted_and_its_place_stays(visitor: Callable[..., Visitor]) -> None:
    owner = visitor("owner")
    page = owner.go("/")
    ask(page, "Draw two variations of a mountain lake, low quality")
    pictures = page.locator(".picture")
    expect(pictures.nth(1)).to_be_visible(timeout=30_000)
    expect(page.locator(".answer__body")).to_have_attribute("data-state", "done")
    place = page.locator(".pictures").bounding_box()
    pictures.first.click()
    for form in ("PNG", "JPG", "WebP"):
        with page.expect_download() as download:
            page.get_by_role("link", name=f"Download as {form}").click()
        assert download.value.suggested_filename.endswith(f".{form.lower()}")
    owner.shoot("viewer-downloads")
    page.keyboard.press("Escape")
    page.locator(".picture-frame").first.hover()
    owner.shoot("chat-picture-hovered")
    page.get_by_role("button", name="Delete this picture").first.click()
    page.locator("#confirm").get_by_role("button", name="Cancel").click()
    assert pictures.count() == 2
    page.get_by_role("button", name="Delete this picture").first.click()
    page.locator("#confirm").get_by_role("button", name="Delete").click()
    expect(page.locator(".gap")).to_have_text(re.compile("Deleted"))
    assert pictures.count() == 1
    assert page.locator(".pictures").bounding_box() == place
    owner.shoot("chat-picture-deleted")
    page.reload()
    expect(page.locator(".gap")).to_be_visible()
    assert pictures.count() == 1

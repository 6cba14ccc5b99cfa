"""A person's own key: seen once, good at once, gone at once."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx2
from playwright.sync_api import expect

from tests.browser.conftest import Visitor
from tests.running import Running


def test_a_key_is_made_copied_used_and_revoked(
    visitor: Callable[..., Visitor], tale: Running
) -> None:
    member = visitor("member", permissions=["clipboard-read", "clipboard-write"])
    page = member.go("/keys")
    page.get_by_label("Name").fill("Build server")
    page.get_by_role("checkbox", name="Chat").uncheck()
    page.get_by_role("checkbox", name="Images").uncheck()
    page.get_by_role("button", name="Create key").click()
    secret = page.locator("#new-secret").inner_text()
    assert re.fullmatch(r"tale_\w{10}_[\w-]{43}", secret)
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == secret
    member.shoot("key-made")
    member.check_access()
    me = ask(tale, secret, "me")
    assert (me.status_code, me.json()["member"]["email"]) == (200, "member@demo.example")
    wider = ask(tale, secret, "keys", "POST")
    assert (wider.status_code, wider.json()["error"]["code"]) == (403, "insufficient_scope")

    member.go("/keys")
    assert secret not in page.content()
    row = page.locator(".row", has_text="Build server")
    expect(row).to_contain_text("last used")
    row.get_by_role("button", name="Revoke").click()
    question = page.locator("#confirm")
    expect(question).to_contain_text("Build server")
    question.get_by_role("button", name="Cancel").click()
    assert ask(tale, secret, "me").status_code == 200
    row.get_by_role("button", name="Revoke").click()
    question.get_by_role("button", name="Revoke").click()
    expect(row).to_contain_text("Revoked")
    expect(page.locator("#toasts .toast--success")).to_contain_text("Build server")
    member.shoot("key-revoked")
    gone = ask(tale, secret, "me")
    assert (gone.status_code, gone.json()["error"]["code"]) == (401, "api_key_revoked")


def test_a_refused_form_keeps_what_was_typed(visitor: Callable[..., Visitor]) -> None:
    member = visitor("member")
    member.expected.append("400")
    page = member.go("/keys")
    page.get_by_label("Name").fill("Somewhere")
    page.get_by_label("Allowed addresses").fill("10.0.0.0/99")
    page.get_by_role("button", name="Create key").click()
    wrong = page.get_by_label("Allowed addresses")
    expect(wrong).to_have_attribute("aria-invalid", "true")
    expect(wrong).to_be_focused()
    expect(page.get_by_label("Name")).to_have_value("Somewhere")
    expect(page.locator("#new-secret")).to_have_count(0)
    member.shoot("key-refused")
    member.check_access()


def ask(tale: Running, secret: str, path: str, method: str = "GET") -> httpx2.Response:
    return httpx2.request(method, f"{tale.url}/api/v1/{path}", headers={"X-API-Key": secret})

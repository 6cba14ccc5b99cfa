"""The page that describes the API, under the product's own content security policy."""

from __future__ import annotations

from collections.abc import Callable

from tests.browser.conftest import Visitor


def test_a_key_tries_the_api_on_its_page(visitor: Callable[..., Visitor]) -> None:
    guest = visitor()
    page = guest.go("/api/v1/docs")
    page.get_by_role("button", name="Authorize").first.click()
    page.locator("input[type=text]").first.fill(guest.tale.key)
    page.get_by_role("button", name="Apply credentials").first.click()
    page.get_by_role("button", name="Close", exact=True).first.click()
    operation = page.locator("#operations-me-me_get")
    operation.locator(".opblock-summary").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table")
    answer.get_by_text("200", exact=True).first.wait_for()
    assert "member@demo.example" in answer.inner_text()
    guest.shoot("api")

"""An org admin connects services of every kind: real pages, real sockets, nothing spent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests import upstream
from tests.browser.conftest import Visitor

# kind, simulator, path of its API, a model of it
SERVICES = [
    ("openai", "openai", "/v1", "gpt-image-2"),
    ("openai_compatible", "compatible", "/v1", "flux-dev"),
    ("azure_openai", "azure", "", "pictures"),
    ("clipdrop", "clipdrop", "", "text-to-image"),
    ("google", "google", "/v1beta", "gemini-3.1-flash-image"),
]


def connect(page: Page, *, kind: str, name: str, address: str, key: str) -> None:
    page.locator("[name=kind]").select_option(kind)
    page.locator("[name=name]").fill(name)
    page.locator("[name=base_url]").fill(address)
    page.locator("[name=api_key]").fill(key)
    page.locator("[name=reaches_private]").check()
    page.get_by_role("button", name="Save", exact=True).click()


@pytest.mark.parametrize(("kind", "simulator", "path", "model"), SERVICES)
def test_it_works(
    visitor: Callable[..., Visitor], kind: str, simulator: str, path: str, model: str
) -> None:
    admin = visitor("admin")
    with upstream.serve(simulator) as sim:
        page = admin.go("/admin/providers/provider/add/")
        name = f"Trial {kind}"
        connect(page, kind=kind, name=name, address=sim.url + path, key=sim.key)
        expect(page.get_by_text(f"{name} is saved.")).to_be_visible()
        admin.shoot(f"admin-models-found-{kind}")
        if kind == "azure_openai":  # lists its models, but not what one has deployed of them
            page.locator("[name=other]").fill(model)
            page.locator("[name=other_tags][value=image-generation]").check()
        else:
            page.locator(f"input[name=take][value='{model}']").check()
        page.get_by_role("button", name="Take these models").click()
        expect(page.get_by_text("1 model is ours now.")).to_be_visible()
        page.get_by_role("link", name="Test the connection").click()
        page.get_by_role("button", name="Test now").click()
        expect(page.get_by_role("heading", name="It works.")).to_be_visible()
        admin.shoot(f"admin-connection-{kind}")
        admin.check_access()
        assert sim.key not in page.content()
        page.get_by_role("link", name="Back to the provider").click()
        assert sim.key not in page.content()
        assert sim.bill.amount_micro == 0


def test_warnings_and_the_default(visitor: Callable[..., Visitor]) -> None:
    admin = visitor("admin")
    with upstream.serve("openai") as sim:
        page = admin.go("/admin/providers/provider/add/")
        connect(page, kind="openai", name="Aging", address=f"{sim.url}/v1", key=sim.key)
        for model in ("gpt-image-1.5", "gpt-image-2.5-flare"):
            page.locator(f"input[name=take][value='{model}']").check()
        page.get_by_role("button", name="Take these models").click()
        expect(page.get_by_text("2 models are ours now.")).to_be_visible()
    page = admin.go("/admin/providers/model/?q=gpt-image")
    old = page.locator("#result_list tbody tr", has_text="gpt-image-1.5")
    old.get_by_role("link").first.click()
    page.locator("[name=retires_on]").fill(f"{date.today() + timedelta(days=10)}")
    page.get_by_role("button", name="Save", exact=True).click()
    page = admin.go("/admin/providers/model/?q=gpt-image")
    expect(old).to_contain_text("Retires on")
    expect(old).to_contain_text("Unpriced")
    admin.shoot("admin-models")
    page.locator("#result_list tbody tr", has_text="gpt-image-2.5-flare").get_by_role(
        "link"
    ).first.click()
    page.get_by_text("Add another Price").click()
    page.locator("[name=prices-0-unit]").select_option("picture")
    page.locator("[name=prices-0-amount]").fill("0.05")
    page.get_by_role("button", name="Save", exact=True).click()
    priced = page.locator("#result_list tbody tr", has_text="gpt-image-2.5-flare")
    expect(priced).not_to_contain_text("Unpriced")
    page = admin.go("/admin/providers/modeldefault/")
    row = page.locator("#result_list tbody tr", has_text="Image generation")
    row.get_by_role("link").first.click()
    page.locator("[name=model]").select_option(label="gpt-image-2.5-flare")
    page.get_by_role("button", name="Save", exact=True).click()
    page = admin.go("/admin/models/reasons/")
    taken = page.locator(".t-reasons__taken", has_text="gpt-image-2.5-flare")
    expect(taken).to_contain_text("default")
    page = admin.go("/admin/providers/modeldefault/")  # as the other stories expect it
    row = page.locator("#result_list tbody tr", has_text="Image generation")
    row.get_by_role("link").first.click()
    page.locator("[name=model]").select_option(label="Studio image")
    page.get_by_role("button", name="Save", exact=True).click()


def test_a_wrong_key_is_told(visitor: Callable[..., Visitor]) -> None:
    admin = visitor("admin")
    with upstream.serve("openai") as sim:
        page = admin.go("/admin/providers/provider/add/")
        connect(page, kind="openai", name="Wrong", address=f"{sim.url}/v1", key="sk-wrong-0001")
        expect(page.get_by_role("alert")).to_contain_text("You can write a model's id below")
        assert "sk-wrong-0001" not in page.content()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_which_model_is_taken(visitor: Callable[..., Visitor], theme: str) -> None:
    admin = visitor("admin", color_scheme=theme)
    page = admin.go("/admin/models/reasons/")
    expect(page.get_by_text("Taken.").first).to_be_visible()
    admin.check_access()
    admin.shoot(f"admin-reasons-{theme}")


def test_who_is_affected_is_shown_before_a_provider_goes(visitor: Callable[..., Visitor]) -> None:
    admin = visitor("admin")
    page = admin.go("/admin/providers/provider/")
    page.get_by_role("link", name="Studio").first.click()
    page.get_by_role("link", name="Delete").click()
    expect(page.get_by_text("These defaults point at it")).to_be_visible()
    admin.shoot("admin-delete-provider")

"""Chromium against the running product, with its real content security policy.

Every page is watched: a console error, a blocked request or one off the origin fails the test.
Screenshots are kept under TALE_SHOTS when that is set.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from tests.machine import chromium
from tests.running import Running, running

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
PHONE = {"width": 360, "height": 740}
SIGN_IN = re.compile("^(Sign in|Anmelden)$")

AT_REST = """Promise.allSettled(document.getAnimations()
    .filter(each => each.effect.getComputedTiming().iterations !== Infinity)
    .map(each => each.finished))"""
GROUND = "getComputedStyle(document.body).backgroundColor"

# People who come on stage for one test, so that it spoils no other.
CAST = """
from accounts import people
from accounts.actor import Actor
from accounts.models import Membership, Organisation, Role

def come(name):
    address = f"{name.lower()}@demo.example"
    return people.create_user(email=address, password="PASSWORD", name=name)

demo = Organisation.objects.get(name="Demo")
owner = Membership.objects.of(demo).select_related("user").get(role=Role.OWNER)
boss = Actor(demo, owner.user, owner)
press = people.save_team(actor=boss, name="Press")
for name in ("Locky", "Pat", "Remi", "Greta"):
    people.add_member(actor=boss, user=come(name), role=Role.MEMBER, team=press)
come("Nomad")
people.found_organisation(name="Shut", owner=come("Sue"), status="suspended")
"""


@pytest.hookimpl(trylast=True)  # pytest itself sorts by the browser's name first
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """They come last: Playwright keeps an event loop running in the main thread, in which nothing
    else could start one. Each worker of the run has a product of its own."""
    here = Path(__file__).parent
    ours = [item for item in items if here in item.path.parents]
    for item in ours:
        if "visitor" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
    items.sort(key=lambda item: here in item.path.parents)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return {"executable_path": chromium(), "args": FLAGS.split(), "headless": True}


@pytest.fixture(scope="session")
def tale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("browser") / "home") as product:
        yield product
        broken = [line[-400:] for line in product.log().splitlines() if "Traceback" in line]
        assert not broken, broken


@pytest.fixture(scope="session")
def cast(tale: Running) -> None:
    """Locky, Pat, Remi and Greta of the team Press; Nomad of nowhere; Sue, who owns Shut."""
    tale.manage("shell", "-c", CAST.replace("PASSWORD", tale.password))


@pytest.fixture(scope="session")
def sessions() -> dict[str, Any]:
    """Who has signed in already: the door lets in thirty a minute."""
    return {}


def mailed_link(tale: Running, address: str) -> str:
    """Where the newest mail to this address leads."""
    for file in sorted((tale.home / "mail").iterdir(), reverse=True):
        mail = message_from_bytes(file.read_bytes(), policy=policy.default)
        if address in mail["To"]:
            found = re.search(r"https?://[^/]+(/\S+)", mail.get_content())
            assert found
            return found[1]
    raise AssertionError(f"no mail to {address}")


class Visitor:
    """Somebody with a browser of their own."""

    def __init__(self, context: BrowserContext, tale: Running) -> None:
        self.context, self.tale = context, tale
        self.faults: list[str] = []
        self.expected: list[str] = []
        self.page = self.open()

    def open(self) -> Page:
        page = self.context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda said: self._note(said.type, said.text))
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("request", lambda request: self._at_home(request.url))
        return page

    def go(self, path: str) -> Page:
        self.page.goto(self.tale.url + path)
        return self.page

    def sign_in(self, who: str, password: str = "") -> Page:
        page = self.go("/accounts/login/")
        page.locator("input[name=login]").fill(who if "@" in who else f"{who}@demo.example")
        page.locator("input[name=password]").fill(password or self.tale.password)
        page.get_by_role("button", name=SIGN_IN).click()
        return page

    def shoot(self, name: str) -> None:
        if folder := os.environ.get("TALE_SHOTS"):
            # Hiding the caret is an inline style, which our own policy blocks.
            self.page.screenshot(path=f"{folder}/{name}.png", caret="initial")

    def check_both_schemes(self) -> None:
        """In the dark only colours are other ones."""
        self.check_access()
        light = self.page.evaluate(GROUND)
        self.page.emulate_media(color_scheme="dark")
        self.page.evaluate("document.documentElement.classList.add('dark')")  # the admin's way
        self.page.evaluate(AT_REST)
        assert self.page.evaluate(GROUND) != light
        self.check_access(only=["color-contrast"])
        self.page.emulate_media(color_scheme="light")

    def check_access(self, but: Collection[str] = (), only: Collection[str] = ()) -> None:
        """No serious finding of axe on the page: `but` for these rules, in these `only`."""
        options: dict[str, Any] = {"resultTypes": ["violations"]}
        if only:
            options["runOnly"] = {"type": "rule", "values": list(only)}
        found = Axe().run(self.page, options=options).response["violations"]
        serious = [rule for rule in found if rule["impact"] in ("serious", "critical")]
        serious = [rule for rule in serious if rule["id"] not in but]
        assert not serious, [
            (rule["id"], [node["html"][:160] for node in rule["nodes"][:3]]) for rule in serious
        ]

    def _note(self, kind: str, text: str) -> None:
        if kind == "error" and not any(part in text for part in self.expected):
            self.faults.append(text)

    def _at_home(self, url: str) -> None:
        if not url.startswith((self.tale.url, "data:", "blob:")):
            self.faults.append(f"left the origin: {url}")


@pytest.fixture
def visitor(
    browser: Browser, tale: Running, sessions: dict[str, Any]
) -> Iterator[Callable[..., Visitor]]:
    """`visitor()` comes in light and English on a desktop; say otherwise by keyword.
    `visitor("admin")` is signed in already, in a session that others share."""
    guests: list[Visitor] = []

    def welcome(who: str = "", **options: Any) -> Visitor:
        wanted = {"locale": "en-GB", "viewport": {"width": 1280, "height": 800}, **options}
        if who and who not in sessions:
            first = welcome()
            first.sign_in(who).wait_for_url(f"{tale.url}/")
            sessions[who] = first.context.storage_state()
        if who:
            wanted["storage_state"] = sessions[who]
        guests.append(Visitor(browser.new_context(**wanted), tale))
        return guests[-1]

    yield welcome
    faults = [fault for guest in guests for fault in guest.faults]
    for guest in guests:
        guest.context.close()
    assert not faults, faults

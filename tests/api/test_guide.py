"""Every command of docs/api.md runs, in order, and answers what the page says it answers."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from accounts import trail
from accounts.models import User
from tale.api import limits
from tale.lib import paging
from tests.people import Key

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "api.md"
BLOCK = re.compile(r"```sh\n(.*?)```(?:\n```json\n(.*?)```)?", re.DOTALL)
ID = re.compile(r"\b(?:org|team|mem|key|prov|model|cred)_[0-9a-z]{24}\b")
MORE = "…"


class Step(NamedTuple):
    command: str
    answer: str


def steps() -> list[Step]:
    return [Step(*found.groups(default="")) for found in BLOCK.finditer(GUIDE.read_text())]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(not shutil.which("curl"), reason="the guide is written for curl")
def test_the_guide(alice: User, dana: User, live_server: Any, key_for: Callable[..., Key]) -> None:
    seen: dict[str, str] = {}
    place = {"TALE": live_server.url, "KEY": key_for(alice, "read", "admin").secret}
    commands = steps()
    assert len(commands) > 10
    for command, answer in commands:
        said = subprocess.run(
            ["/bin/sh", "-eu", "-c", with_ids(command, seen)],
            env={"PATH": "/usr/bin:/bin", **place},
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        ).stdout
        seen |= {found[0].partition("_")[0]: found[0] for found in ID.finditer(said)}
        assert fits(parsed(answer), parsed(said)), f"{command}\n{said}"


def test_the_numbers_are_the_real_ones() -> None:
    guide = GUIDE.read_text()
    assert f"{limits.READS} reads and {limits.WRITES} changes a minute" in guide
    assert f"At most {trail.LONGEST_EXPORT:,} lines".replace(",", " ") in guide
    assert f"from 1 to {paging.LONGEST_PAGE}" in guide


def with_ids(command: str, seen: dict[str, str]) -> str:
    """`team_…` is the team that the answers spoke of last."""
    return re.sub(r"\b([a-z]+)_…", lambda found: seen.get(found[1], found[0]), command)


def parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text.strip()


def fits(wanted: Any, found: Any) -> bool:
    match wanted, found:
        case dict(), dict():
            same = wanted.keys() == found.keys()
            return same and all(fits(wanted[name], found[name]) for name in wanted)
        case list(), list():
            return len(wanted) == len(found) and all(map(fits, wanted, found))
        case (str(), dict()) if wanted == MORE:  # more of it than the page has room for
            return bool(found)
        case str(), str():
            return re.fullmatch(re.escape(wanted).replace(MORE, ".+"), found, re.DOTALL) is not None
    return bool(wanted == found)


@pytest.mark.parametrize(
    ("wanted", "found", "verdict"),
    [
        ("team_…", "team_1", True),
        ("team_…", "team_", False),
        ("Acme", "Acme Inc", False),
        ({"a": "…"}, {"a": "x", "b": 1}, False),
        ([], [1], False),
        ("…", {"a": 1}, True),
        ("…", {}, False),
        (None, None, True),
        (None, "null", False),
    ],
)
def test_what_fits(wanted: Any, found: Any, verdict: bool) -> None:
    assert fits(wanted, found) is verdict

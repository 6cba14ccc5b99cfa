"""Files of other programs that hold a profile: two are read, and nothing like them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from providers import profiles
from providers.profiles import Profile
from tale.lib.refusals import Refusal

CODEX: dict[str, Any] = {
    "OPENAI_API_KEY": None,
    "tokens": {
        "id_token": "eyJh.e30.c2ln",
        "access_token": "eyJh.eyJleHAiOjE4OTM0NTYwMDB9.c2ln",  # exp 2030-01-01
        "refresh_token": "rt-canary-1",
        "account_id": "account-1",
    },
    "last_refresh": "2026-11-20T09:00:00Z",
}
CLAW = {"type": "oauth", "provider": "openai-codex", "access": "at-canary", "refresh": "rt-canary"}


def read(file: str, kind: str = "openai") -> Profile:
    return profiles.read(file, kind=kind)


def test_it_works() -> None:
    found = read(json.dumps(CODEX))
    assert (found.access, found.refresh) == (CODEX["tokens"]["access_token"], "rt-canary-1")
    assert found.expires_at is not None
    assert found.expires_at.year == 2030
    assert found.fields["token_url"] == "https://auth.openai.com/oauth/token"
    assert "canary" not in repr(found)


@pytest.mark.parametrize(
    "file",
    [
        {**CLAW, "expires": 1893456000000},
        {"version": 1, "profiles": {"openai-codex:default": {**CLAW, "expires": 0}}},
        {"profiles": {"openai:dana": {**CLAW, "provider": "openai"}, "x": {"type": "api_key"}}},
    ],
)
def test_of_openclaw(file: dict[str, Any]) -> None:
    found = read(json.dumps(file))
    assert (found.access, found.refresh) == ("at-canary", "rt-canary")


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("{", "invalid_json"),
        ("[" * 50_000, "invalid_json"),
        ("[]", "invalid_value"),
        ("{}", "invalid_value"),
        ('{"tokens": {}, "tokens": {}}', "duplicate_field"),
        ('{"tokens": {"access_token": "at"}}', "invalid_value"),
        ('{"tokens": {"access_token": 7, "refresh_token": "rt"}}', "invalid_characters"),
        ('{"tokens": {"access_token": "a b", "refresh_token": "rt"}}', "invalid_characters"),
        (json.dumps({**CLAW, "provider": "anthropic"}), "incompatible_parameters"),
        (json.dumps({**CLAW, "provider": ["openai"]}), "incompatible_parameters"),
        (json.dumps({**CLAW, "expires": "soon"}), "invalid_number"),
        (json.dumps({**CLAW, "expires": 10**15}), "invalid_number"),
        (json.dumps({**CLAW, "type": "api_key"}), "invalid_value"),
        (json.dumps({**CLAW, "refresh": None}), "invalid_value"),
        (json.dumps({"profiles": {"a": CLAW, "b": CLAW}}), "invalid_value"),
        (json.dumps({"profiles": {}}), "invalid_value"),
        ("x" * 70_000, "too_long"),
    ],
)
def test_what_is_none(file: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        read(file)
    assert (refused.value.code, refused.value.field) == (code, "profile")
    assert "canary" not in f"{refused.value!r} {refused.value.message}"


def test_for_another_provider() -> None:
    with pytest.raises(Refusal) as refused:
        read(json.dumps(CODEX), kind="clipdrop")
    assert refused.value.code == "incompatible_parameters"

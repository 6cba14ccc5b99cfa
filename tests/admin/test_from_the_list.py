"""What is opened from its list has the same buttons as what is opened by its address."""

from __future__ import annotations

import re
from typing import Any

import pytest

from accounts.models import User
from tests.admin.conftest import SignIn, at, page_of

Rows = dict[str, Any]


@pytest.mark.parametrize(
    ("model", "action"),
    [
        ("providers.provider", "connection"),
        ("providers.provider", "models_found"),
        ("accounts.membership", "deactivate"),
        ("accounts.apikey", "revoke"),
        ("accounts.invitation", "revoke"),
    ],
)
def test_its_buttons_are_there(
    model: str, action: str, dana: User, ours: Rows, as_: SignIn
) -> None:
    client = as_(dana)
    links = re.findall(r'href="(/admin/[^"]+/change/)[^"]*"', page_of(client.get(at(model))))
    pages = [page_of(client.get(link)) for link in dict.fromkeys(links)]
    assert any(f"/{action}/" in page for page in pages)

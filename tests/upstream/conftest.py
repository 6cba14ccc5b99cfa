"""A simulated OpenAI, and two ways to speak to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import openai
import pytest

from tests import upstream


@pytest.fixture
def sim() -> Iterator[Any]:
    with upstream.serve("openai") as running:
        yield running


@pytest.fixture
def client(sim: Any) -> Iterator[Any]:
    with openai.OpenAI(base_url=sim.base_url, api_key=sim.key, max_retries=0, timeout=5) as made:
        yield made


def post(sim: Any, path: str, body: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    connection = HTTPConnection(urlsplit(sim.url).netloc, timeout=5)
    headers = {"authorization": f"Bearer {sim.key}", "content-type": "application/json"}
    try:
        connection.request("POST", path, json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()

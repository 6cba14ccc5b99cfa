from typing import Any

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

pytestmark = [pytest.mark.urls("tests.edges.routes"), pytest.mark.django_db]
TOKEN = {"Authorization": "Bearer watcher"}


@pytest.fixture(autouse=True)
def token(settings: Any) -> None:
    settings.TALE_METRICS_TOKEN = "watcher"


def value_of(client: Client, name: str, **labels: str) -> float:
    text = client.get("/metrics", headers=TOKEN).content.decode()
    samples = [one for family in text_string_to_metric_families(text) for one in family.samples]
    return sum(
        one.value for one in samples if one.name == name and labels.items() <= one.labels.items()
    )


def test_no_token_no_page(client: Client, settings: Any) -> None:
    settings.TALE_METRICS_TOKEN = ""
    assert client.get("/metrics", headers=TOKEN).status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize(
    "sent", ["", "watcher", "Bearer watche", "Bearer wätcher", "Basic watcher"]
)
def test_a_wrong_token(client: Client, sent: str) -> None:
    response = client.get("/metrics", headers={"Authorization": sent})
    assert (response.status_code, response.headers["X-Error-Code"]) == (401, "invalid_token")
    assert b"tale_http" not in response.content


def test_requests_are_counted_by_route(client: Client) -> None:
    seen = {"route": "raises/<str:what>", "status": "403", "edge": "page", "method": "GET"}
    before = value_of(client, "tale_http_requests_total", **seen)
    for _ in range(2):
        client.get("/raises/denied")
    assert value_of(client, "tale_http_requests_total", **seen) == before + 2
    assert value_of(client, "tale_http_request_seconds_count", route="raises/<str:what>") >= 2


@pytest.mark.parametrize(
    ("path", "headers", "edge"),
    [
        ("/raises/cap", {}, "page"),
        ("/raises/cap", {"HX-Request": "true"}, "part"),
        ("/openai/v1/raises/cap", {}, "openai"),
    ],
)
def test_refusals_are_counted_by_code(client: Client, path: str, headers: dict, edge: str) -> None:
    seen = {"code": "budget_exceeded", "edge": edge}
    before = value_of(client, "tale_refusals_total", **seen)
    client.get(path, headers=headers)
    assert value_of(client, "tale_refusals_total", **seen) == before + 1


def test_strangers_cannot_make_series(client: Client) -> None:
    client.get("/no/such/1")
    client.generic("BREW", "/no/such/2")
    text = client.get("/metrics", headers=TOKEN).content.decode()
    assert "/no/such" not in text
    assert "BREW" not in text


def test_probes_are_not_counted(client: Client) -> None:
    client.get("/healthz")
    assert value_of(client, "tale_http_requests_total", route="healthz") == 0

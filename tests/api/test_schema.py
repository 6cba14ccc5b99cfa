"""The description of the API: it is there, it is right, and it is the one in docs/."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import URLResolver

from accounts.models.keys import Scope
from accounts.permissions import EVERY_RIGHT
from tale.api import docs, router
from tale.lib.refusals import STATUS_OF
from tests.api import contract

WRITTEN = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"
REFRESH = ".venv/bin/python manage.py spectacular --format openapi-json --file docs/openapi.json"


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in contract.description()["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


OPERATIONS = dict(operations())


def test_it_is_valid_and_warns_of_nothing(tmp_path: Path) -> None:
    file = tmp_path / "openapi.json"
    options = {"fail_on_warn": True, "validate": True, "format": "openapi-json"}
    call_command("spectacular", file=str(file), **options)
    assert file.read_bytes() == docs.written()
    assert json.loads(file.read_text())["openapi"] == "3.1.0"


def test_the_one_in_docs_is_in_step() -> None:
    assert WRITTEN.read_bytes() == docs.written(), f"run {REFRESH}"


def test_it_is_served_to_everybody(db: None) -> None:
    response = Client().get("/api/v1/openapi.json")
    assert response.headers["Content-Type"] == "application/json"
    assert response.content == docs.written()
    german = Client().get("/api/v1/openapi.json", headers={"Accept-Language": "de"})
    assert german.content == docs.written()


def test_every_address_is_described() -> None:
    resources = [found for found in router.urlpatterns if isinstance(found, URLResolver)]
    addresses = {str(found.pattern) for within in resources for found in within.url_patterns}
    assert {f"/api/v1/{contract.template_of(address)}" for address in addresses} == set(
        contract.description()["paths"]
    )


def test_the_page_is_open_and_holds_no_cookie(db: None) -> None:
    page = Client().get("/api/v1/docs")
    assert page.status_code == 200
    assert not page.cookies
    script = Client().get("/api/v1/docs?script=")
    assert script.headers["Content-Type"] == "application/javascript"
    assert b"/api/v1/openapi.json" in script.content


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_is_described_whole(name: str) -> None:
    operation = OPERATIONS[name]
    assert operation["summary"]
    assert operation["tags"]
    assert operation["security"] == [{"bearer": []}, {"header": []}]
    assert {"400", "401", "403", "429", "503"} <= set(operation["responses"])
    scope = operation["description"].partition("scope `")[2].partition("`")[0]
    right = operation["description"].partition("right `")[2].partition("`")[0]
    assert scope in {*Scope.values, ""}
    assert right in EVERY_RIGHT
    if "requestBody" in operation:
        assert "413" in operation["responses"]
        (content,) = operation["requestBody"]["content"].values()
        assert content["examples"]


def test_operation_ids_are_unique() -> None:
    ids = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(set(ids)) == len(ids)


def test_no_warning_hides_in_a_name() -> None:
    """Spectacular numbers what it cannot tell apart."""
    names = contract.description()["components"]["schemas"]
    assert not [name for name in names if name[-1].isdigit()]


def examples() -> Iterator[tuple[str, dict[str, Any], Any]]:
    for name, operation in OPERATIONS.items():
        bodies = [operation["requestBody"]] if "requestBody" in operation else []
        bodies += [contract.resolved(answer) for answer in operation["responses"].values()]
        for body in bodies:
            for content in body.get("content", {}).values():
                for example in content.get("examples", {}).values():
                    yield name, content["schema"], example["value"]


EXAMPLES = list(examples())


@pytest.mark.parametrize(("name", "schema", "value"), EXAMPLES, ids=[name for name, *_ in EXAMPLES])
def test_every_example_is_one(name: str, schema: dict[str, Any], value: Any) -> None:
    contract.fits(value, schema)


def test_every_example_of_a_refusal_is_of_its_status() -> None:
    refusals = contract.description()["components"]["responses"]
    assert refusals
    for name, response in refusals.items():
        (example,) = response["content"]["application/json"]["examples"].values()
        usual = STATUS_OF[example["value"]["error"]["code"]]
        assert name in (f"Refused{usual}", "Refused416")  # a wrong range is a 400 elsewhere


def test_what_is_sent_may_hold_nothing_else() -> None:
    schemas = contract.description()["components"]["schemas"]
    requests = {name: schema for name, schema in schemas.items() if name.endswith("Request")}
    assert len(requests) > 5
    assert all(schema["additionalProperties"] is False for schema in requests.values())

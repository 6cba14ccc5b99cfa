"""Holds every answer against the description: a status or a body it does not know is a fault."""

import json
import re
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from tale.api import docs

_PARAMETER = re.compile(r"<(?:\w+:)?pk>")


@cache
def description() -> dict[str, Any]:
    written: dict[str, Any] = json.loads(docs.written())
    return written


def check(response: Any) -> None:
    match = response.wsgi_request.resolver_match
    path = f"/{template_of(match.route)}" if match else ""
    method = response.wsgi_request.method.lower()
    known = description()["paths"].get(path, {}).get("get" if method == "head" else method)
    if known is None:  # a method that is not taken, a page
        return
    answers = known["responses"]
    status = str(response.status_code)
    assert status in answers, f"{method} {path} answers {status}, described: {list(answers)}"
    described = resolved(answers[status])
    if method == "head" or not (content := described.get("content")):
        assert not response.content
        return
    kind = response.headers["Content-Type"].partition(";")[0]
    assert kind in content, f"{method} {path} answers {kind}, described: {list(content)}"
    if kind == "application/json" and not known["operationId"].startswith("audit_export"):
        fits(response.json(), content[kind]["schema"])


def template_of(route: str) -> str:
    return _PARAMETER.sub("{id}", route)


def fits(body: Any, schema: dict[str, Any]) -> None:
    whole = {**schema, "components": description()["components"]}
    faults = list(Draft202012Validator(whole).iter_errors(body))
    assert not faults, f"{faults[0].json_path}: {faults[0].message}"


def resolved(found: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in found:
        return found
    place: Any = description()
    for step in found["$ref"].removeprefix("#/").split("/"):
        place = place[step]
    return dict(place)

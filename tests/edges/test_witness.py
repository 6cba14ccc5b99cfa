from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from accounts.models import AuditLine, Organisation

pytestmark = [pytest.mark.urls("tests.edges.routes"), pytest.mark.django_db]


def lines_of(organisation: Organisation) -> list[tuple[str, str, str]]:
    lines = AuditLine.objects.of(organisation).exclude(outcome="done")
    return list(lines.values_list("action", "outcome", "surface"))


def test_a_refusal_of_rights_is_kept(as_: Callable, bob: Any, acme: Organisation) -> None:
    as_(bob).get("/raises/denied", headers={"X-Request-Id": "abcd1234"})
    assert lines_of(acme) == [("GET tests.edges.routes.raises", "forbidden", "web")]
    assert AuditLine.objects.of(acme).get(outcome="forbidden").request_id == "abcd1234"


def test_by_key_too(api: Callable, key_for: Callable, bob: Any, acme: Organisation) -> None:
    key = key_for(bob)
    api(key).delete("/api/v1/limited")
    assert lines_of(acme) == [("DELETE limited", "insufficient_scope", "api")]
    assert AuditLine.objects.of(acme).get(outcome="insufficient_scope").key == key.row.pk


def test_an_old_form_is_kept(bob: Any, acme: Organisation) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(bob)
    assert strict.post("/guarded", {}).status_code == 403
    assert [outcome for _action, outcome, _surface in lines_of(acme)] == ["csrf_failed"]


def test_a_typing_mistake_is_not(as_: Callable, bob: Any, acme: Organisation) -> None:
    for what in ("refusal", "unknown", "down"):
        as_(bob).get(f"/raises/{what}")
    assert lines_of(acme) == []


def test_nobody_we_know_fills_no_chain(client: Client, acme: Organisation) -> None:
    before = AuditLine.unscoped.count()
    assert client.get("/raises/denied").status_code == 403
    assert AuditLine.unscoped.count() == before


def test_somebody_without_an_organisation_is_refused_all_the_same() -> None:
    client = Client()
    client.force_login(get_user_model().objects.create_user("x@acme.test", "a long password"))
    assert client.get("/raises/denied").status_code == 403

"""`/api/v1/providers` and `/models`: read by whom they concern, governed by admins."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Organisation, User
from providers.models import Model, Provider
from tests import upstream
from tests.api.conftest import Caller, refused

Calls = Callable[..., Caller]
SECRET = "sk-a-secret-nobody-sees-0001"


@pytest.fixture
def office(acme: Organisation, workspace: Callable[[Organisation], None]) -> Organisation:
    workspace(acme)
    return acme


def test_it_works(dana: User, office: Organisation, calls: Calls) -> None:
    danas = calls(dana, "admin")
    sent = {"kind": "openai", "name": "OpenAI", "api_key": SECRET, "note": "Careful"}
    made = danas.post("/providers", sent)
    assert made.status_code == 201
    provider = made.json()
    assert (provider["name"], provider["health"]) == ("OpenAI", "unknown")
    assert len(provider["credentials"][0]["fingerprint"]) == 12
    assert SECRET not in made.content.decode()
    model = danas.post(
        "/models",
        {
            "provider": provider["id"],
            "remote_id": "gpt-image-2",
            "name": "GPT Image 2",
            "tags": ["image-generation", "image-edit"],
        },
    ).json()
    assert (model["is_priced"], model["able"]["mask"]) == (False, "alpha")
    price = {"unit": "picture", "amount": "0.053", "size": "1024x1024", "quality": "medium"}
    assert danas.post(f"/models/{model['id']}/prices", price).status_code == 201
    shown = danas.get(f"/models/{model['id']}").json()
    assert (shown["is_priced"], shown["prices"][0]["amount"]) == (True, "0.053")
    default = danas.put("/model-defaults", {"tag": "image-generation", "model": model["id"]})
    assert default.json() == {"tag": "image-generation", "model": model["id"]}
    assert (
        danas.patch(f"/models/{model['id']}", {"is_enabled": False}).json()["is_enabled"] is False
    )
    asked_first = danas.delete(f"/providers/{provider['id']}")
    assert refused(asked_first) == (400, "required", "confirmed")
    assert asked_first.json()["error"]["details"]["models"] == ["GPT Image 2"]
    assert danas.delete(f"/providers/{provider['id']}?confirmed=true").status_code == 204
    assert refused(danas.get(f"/models/{model['id']}")) == (404, "not_found", None)


def test_a_member_sees_what_they_may_ask_for(bob: User, office: Organisation, calls: Calls) -> None:
    bobs = calls(bob)
    assert {row["remote_id"] for row in bobs.get("/models").json()["data"]} == {
        "studio-chat",
        "studio-image",
    }
    chats = bobs.get("/models?tag=chat").json()["data"]
    assert [row["remote_id"] for row in chats] == ["studio-chat"]
    Model.objects.of(office).filter(remote_id="studio-chat").update(is_enabled=False)
    assert bobs.get("/models?tag=chat").json()["data"] == []
    assert refused(bobs.get("/providers")) == (403, "forbidden", None)


def test_a_connection_is_tested_and_nothing_spent(
    dana: User, office: Organisation, calls: Calls
) -> None:
    danas = calls(dana, "admin")
    with upstream.serve("openai") as sim:
        sent = {
            "kind": "openai",
            "name": "Here",
            "base_url": f"{sim.url}/v1",
            "reaches_private": True,
            "api_key": sim.key,
        }
        provider = danas.post("/providers", sent).json()
        report = danas.post(f"/providers/{provider['id']}/test", {}).json()
        assert report["ok"], report
        assert sim.bill.amount_micro == 0
        assert sim.key not in str(report)


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        ({"kind": "none"}, "invalid_choice", "kind"),
        ({"kind": 5}, "invalid_type", "kind"),
        ({"base_url": "http://10.0.0.5/v1"}, "url_not_allowed", "base_url"),
        ({"base_url": "https://user:pass@api.example/v1"}, "url_not_allowed", "base_url"),
        ({"base_url": "https://api.example/v1?x=1"}, "url_not_allowed", "base_url"),
        ({"base_url": "file:///etc/passwd"}, "url_not_allowed", "base_url"),
        ({"timeout_s": 0}, "out_of_range", "timeout_s"),
        ({"timeout_s": "60"}, "invalid_type", "timeout_s"),
        ({"health": "ok"}, "field_not_allowed", "health"),
        ({"organisation": "org_x"}, "unknown_field", "organisation"),
        ({"api_key": "sk-\nInjected: yes"}, "invalid_characters", "api_key"),
        ({"name": "Studio"}, "already_exists", "name"),
    ],
)
def test_bad_input_is_refused(
    dana: User,
    office: Organisation,
    calls: Calls,
    changed: dict[str, Any],
    code: str,
    field: str,
) -> None:
    before = Provider.objects.of(office).count()
    sent = {"kind": "openai", "name": "New", "api_key": SECRET} | changed
    answer = refused(calls(dana, "admin").post("/providers", sent))
    assert answer[1:] == (code, field)
    assert Provider.objects.of(office).count() == before


@pytest.mark.parametrize(
    ("price", "code", "field"),
    [
        ({"amount": "-1"}, "invalid_number", "amount"),
        ({"amount": 1}, "invalid_type", "amount"),
        ({"amount": "0.0000001"}, "too_many_decimals", "amount"),
        ({"unit": "hour"}, "invalid_choice", "unit"),
        ({"size": "big"}, "invalid_value", "size"),
        ({"quality": "splendid"}, "invalid_choice", "quality"),
        ({"valid_from": "2026-11-21"}, "invalid_date", "valid_from"),
    ],
)
def test_a_bad_price_is_refused(
    dana: User,
    office: Organisation,
    calls: Calls,
    price: dict[str, Any],
    code: str,
    field: str,
) -> None:
    model = Model.objects.of(office).get(remote_id="studio-image")
    sent = {"unit": "picture", "amount": "0.04"} | price
    answer = refused(calls(dana, "admin").post(f"/models/{model.pk}/prices", sent))
    assert answer[1:] == (code, field)


def test_an_override_that_no_model_has_is_refused(
    dana: User, office: Organisation, calls: Calls
) -> None:
    model = Model.objects.of(office).get(remote_id="studio-image")
    danas = calls(dana, "admin")
    answer = refused(danas.patch(f"/models/{model.pk}", {"overrides": {"wings": 2}}))
    assert answer == (400, "unknown_field", "overrides.wings")
    kept = danas.patch(f"/models/{model.pk}", {"overrides": {"most_pictures": 2}}).json()
    assert (kept["overrides"], kept["able"]["most_pictures"]) == ({"most_pictures": 2}, 2)


def test_credentials_go_in_and_never_out(dana: User, office: Organisation, calls: Calls) -> None:
    danas = calls(dana, "admin")
    provider = danas.post("/providers", {"kind": "openai", "name": "Two", "api_key": SECRET}).json()
    more = {"api_key": "sk-another-secret-0002", "name": "Spare"}
    made = danas.post(f"/providers/{provider['id']}/credentials", more)
    assert made.status_code == 201
    assert "another-secret" not in made.content.decode()
    shown = danas.get(f"/providers/{provider['id']}")
    assert [row["name"] for row in shown.json()["credentials"]] == ["", "Spare"]
    assert "secret" not in shown.content.decode()
    assert danas.delete(f"/credentials/{made.json()['id']}").status_code == 204
    assert len(danas.get(f"/providers/{provider['id']}").json()["credentials"]) == 1

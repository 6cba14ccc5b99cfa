import pytest

from tale.api.errors import envelope
from tale.api.faces import Face, face_of
from tale.lib.refusals import Refusal

N = {"field": "n"}


@pytest.mark.parametrize(
    ("path", "face"),
    [
        ("/api/v1/me", Face.NATIVE),
        ("/openai/v1/models", Face.OPENAI),
        ("/mistral/v1/agents", Face.MISTRAL),
        ("/chats/api/", None),
        ("/apis", None),
    ],
)
def test_the_path_tells_the_face(path: str, face: Face | None) -> None:
    assert face_of(path) is face


def test_native() -> None:
    refusal = Refusal("too_long", "Too long.", field="name", limit=80)
    status, body, headers = envelope(refusal, Face.NATIVE, "req_1")
    assert status == 400
    assert body["error"] == {
        "code": "too_long",
        "message": "Too long.",
        "field": "name",
        "request_id": "req_1",
        "details": {"limit": 80},
    }
    assert headers == {"X-Error-Code": "too_long"}


@pytest.mark.parametrize(
    ("refusal", "code", "kind"),
    [
        (Refusal("budget_exceeded"), "insufficient_quota", "insufficient_quota"),
        (Refusal("rate_limited"), "rate_limit_exceeded", "requests"),
        (Refusal("content_policy"), "moderation_blocked", "image_generation_user_error"),
        (Refusal("image_generation_off"), "image_generation_disabled", "invalid_request_error"),
        (Refusal("invalid_choice", field="size"), "invalid_value", "invalid_request_error"),
        (Refusal("out_of_range", **N), "integer_above_max_value", "invalid_request_error"),
        (
            Refusal("out_of_range", **N, bound="minimum"),
            "integer_below_min_value",
            "invalid_request_error",
        ),
        (Refusal("out_of_range", field="seed"), "out_of_range", "invalid_request_error"),
        (Refusal("invalid_api_key"), "invalid_api_key", "invalid_request_error"),
        (Refusal("provider_timeout"), "provider_timeout", "server_error"),
    ],
)
def test_openai(refusal: Refusal, code: str, kind: str) -> None:
    status, body, _headers = envelope(refusal, Face.OPENAI, "req_1")
    assert status == refusal.status
    assert set(body) == {"error"}
    assert set(body["error"]) == {"message", "type", "param", "code"}
    assert (body["error"]["code"], body["error"]["type"]) == (code, kind)
    assert body["error"]["param"] == (refusal.field or None)


def test_mistral_calls_a_wrong_field_a_422() -> None:
    refusal = Refusal("invalid_type", "Not right.", field="tools[0].size")
    status, body, _headers = envelope(refusal, Face.MISTRAL, "req_1")
    assert status == 422
    loc = ["body", "tools", 0, "size"]
    assert body == {"detail": [{"loc": loc, "msg": "Not right.", "type": "invalid_type"}]}


@pytest.mark.parametrize(
    "code", ["not_found", "invalid_api_key", "budget_exceeded", "invalid_json"]
)
def test_mistral_otherwise(code: str) -> None:
    refusal = Refusal(code)
    status, body, _headers = envelope(refusal, Face.MISTRAL, "req_1")
    assert status == refusal.status
    assert set(body) == {"object", "message", "type", "param", "code"}
    assert (body["object"], body["code"]) == ("error", code)


@pytest.mark.parametrize("face", Face)
def test_a_402_is_never_sent_and_a_cap_is_not_tried_again(face: Face) -> None:
    status, _body, headers = envelope(Refusal("budget_exceeded", retry_after_s=90), face, "req_1")
    assert status == 429
    assert headers["Retry-After"] == "90"
    assert headers["x-should-retry"] == "false"


@pytest.mark.parametrize("code", ["rate_limited", "request_in_progress", "database_unavailable"])
def test_what_may_be_tried_again_does_not_say_otherwise(code: str) -> None:
    assert "x-should-retry" not in envelope(Refusal(code), Face.OPENAI, "req_1").headers

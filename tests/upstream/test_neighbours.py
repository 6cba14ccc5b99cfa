"""The other simulators, spoken to as their own documents say."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import openai
import pytest

from tests import upstream
from tests.upstream import faults, google, pictures

DRAW = {"prompt": "a fox", "size": "1024x1024", "quality": "low"}
ASK = [{"role": "user", "content": "Hi"}]
PIXELS = pictures.picture(64, 64)


@pytest.fixture
def azure() -> Iterator[Any]:
    with upstream.serve("azure") as sim:
        yield sim


@pytest.fixture
def clipdrop() -> Iterator[Any]:
    with upstream.serve("clipdrop") as sim:
        yield sim


@pytest.fixture
def gemini() -> Iterator[Any]:
    with upstream.serve("google") as sim:
        yield sim


def classic(sim: Any) -> Any:
    return openai.AzureOpenAI(
        azure_endpoint=sim.url, api_key=sim.key, api_version="2025-04-01-preview", max_retries=0
    )


def test_azure_answers_under_both_addresses(azure: Any) -> None:
    with classic(azure) as client:
        made = client.images.generate(model="pictures", **DRAW)
        said = client.chat.completions.create(model="talk", messages=ASK)
    assert made.data[0].b64_json
    assert said.choices[0].message.content == "You said: Hi"
    with openai.OpenAI(
        base_url=azure.base_url, api_key="unused", default_headers={"api-key": azure.key}
    ) as client:
        assert client.images.generate(model="pictures", **DRAW).data
        assert client.images.edit(model="pictures", image=PIXELS, **DRAW).data
    paths = [request.path for request in azure.requests]
    assert paths[0] == "/openai/deployments/pictures/images/generations"
    assert paths[2] == "/openai/v1/images/generations"
    assert [charge.model for charge in azure.bill[::2]] == ["gpt-image-2", "gpt-image-2"]


def test_azure_takes_a_token_of_entra_too() -> None:
    with upstream.serve("oauth") as oauth, upstream.serve("azure", accepts=oauth.is_valid) as sim:
        token = granted(oauth, {"grant_type": "client_credentials"})["access_token"]
        with openai.OpenAI(base_url=sim.base_url, api_key=token, max_retries=0) as client:
            assert client.images.generate(model="pictures", **DRAW).data
            oauth.expire_all()
            with pytest.raises(openai.AuthenticationError):
                client.images.generate(model="pictures", **DRAW)


def test_azure_says_its_own_words(azure: Any) -> None:
    with classic(azure) as client:
        azure.faults.next("moderation_blocked")
        with pytest.raises(openai.BadRequestError) as refused:
            client.images.generate(model="pictures", **DRAW)
        assert refused.value.code == "contentFilter"
        inner = refused.value.body["inner_error"]  # type: ignore[index]
        assert inner["code"] == "ResponsibleAIPolicyViolation"
        with pytest.raises(openai.NotFoundError) as gone:
            client.images.generate(model="nothing", **DRAW)
        assert gone.value.code == "DeploymentNotFound"
        azure.faults.next("resource_blocked")
        with pytest.raises(openai.PermissionDeniedError):
            client.images.generate(model="pictures", **DRAW)
    assert not azure.bill


def test_azure_opens_a_stream_with_what_it_filtered(azure: Any) -> None:
    with (
        classic(azure) as client,
        client.chat.completions.create(model="talk", messages=ASK, stream=True) as stream,
    ):
        chunks = list(stream)
    assert chunks[0].choices == []
    assert chunks[0].prompt_filter_results


def clip(sim: Any, route: str = "text-to-image", **more: Any) -> httpx2.Response:
    files = {name: value for name, value in more.items() if isinstance(value, bytes)}
    fields = {name: value for name, value in more.items() if isinstance(value, str)}
    parts = [(name, (None, value)) for name, value in fields.items()]
    parts += [(name, ("a.png", value, "image/png")) for name, value in files.items()]  # type: ignore[misc]
    headers = more.get("headers", {"x-api-key": sim.key})
    return httpx2.post(f"{sim.url}/{route}/v1", headers=headers, files=parts or None)


def test_clipdrop_answers_with_a_picture_and_its_credits(clipdrop: Any) -> None:
    answer = clip(clipdrop, prompt="a fox")
    assert pictures.size_of(answer.content) == (1024, 1024)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-remaining-credits"] == "99"
    assert answer.headers["x-credits-consumed"] == "1"
    assert clipdrop.bill.credits == clipdrop.bill.pictures == 1


def test_clipdrop_runs_out_of_credits() -> None:
    with upstream.serve("clipdrop", credits=1) as sim:
        assert [clip(sim, prompt="a fox").status_code for _ in range(2)] == [200, 402]
        assert sim.bill.credits == 1


@pytest.mark.parametrize(
    ("status", "more"),
    [
        (401, {"headers": {}, "prompt": "a fox"}),
        (403, {"headers": {"x-api-key": "other"}, "prompt": "a fox"}),
        (400, {}),
        (400, {"prompt": "x" * 1001}),
        (400, {"prompt": "a fox", "n": "2"}),
        (400, {"route": "remove-background", "image_file": b"text"}),
        (400, {"route": "uncrop", "image_file": PIXELS, "extend_left": "2001"}),
        (404, {"route": "nothing", "prompt": "a fox"}),
    ],
)
def test_clipdrop_refuses(clipdrop: Any, status: int, more: dict[str, Any]) -> None:
    answer = clip(clipdrop, **more)
    assert answer.status_code == status
    assert isinstance(answer.json()["error"], str)
    assert not clipdrop.bill


def test_clipdrop_negotiates_where_it_says_so(clipdrop: Any) -> None:
    headers = {"x-api-key": clipdrop.key, "accept": "image/webp"}
    answer = clip(clipdrop, "remove-background", image_file=PIXELS, headers=headers)
    assert pictures.form_of(answer.content) == "webp"
    assert pictures.has_alpha(answer.content)
    headers["accept"] = "image/tiff"
    answer = clip(clipdrop, "remove-background", image_file=PIXELS, headers=headers)
    assert answer.status_code == 406


def test_clipdrop_extends_a_picture(clipdrop: Any) -> None:
    answer = clip(clipdrop, "uncrop", image_file=PIXELS, extend_left="16", extend_down="-8")
    assert pictures.size_of(answer.content) == (80, 56)
    assert pictures.form_of(answer.content) == "jpeg"


def test_clipdrop_has_an_old_edition_and_a_lying_one(clipdrop: Any) -> None:
    clipdrop.variant = "old_edition"
    answer = clip(clipdrop, prompt="a fox")
    assert pictures.size_of(answer.content) == (512, 512)
    assert answer.headers["x-credits-consumed"] == "2"
    clipdrop.variant = "lying"
    answer = clip(clipdrop, prompt="a fox")
    assert answer.headers["content-type"] == "image/png"
    assert pictures.form_of(answer.content) == "jpeg"


def ask(
    sim: Any, model: str = "gemini-3.1-flash-image", *, verb: str = "generateContent", **more: Any
) -> httpx2.Response:
    body = {"contents": [{"role": "user", "parts": [{"text": "a fox"}]}], **more}
    url = f"{sim.base_url}/models/{model}:{verb}"
    return httpx2.post(url, headers={"x-goog-api-key": sim.key}, json=body)


def test_gemini_puts_the_picture_into_the_second_part(gemini: Any) -> None:
    config = {"imageConfig": {"aspectRatio": "16:9", "imageSize": "2K"}}
    answer = ask(gemini, generationConfig=config).json()
    text, picture = answer["candidates"][0]["content"]["parts"]
    assert text["text"]
    content = base64.b64decode(picture["inlineData"]["data"])
    assert pictures.size_of(content) == (2752, 1536)
    assert answer["usageMetadata"]["candidatesTokensDetails"][1]["tokenCount"] == 1680
    assert gemini.bill[0].image_out == 1680


@pytest.mark.parametrize(
    ("model", "scale", "dollars"),
    [
        ("gemini-3.1-flash-image", "512", 0.045),
        ("gemini-3.1-flash-image", "1K", 0.067),
        ("gemini-3.1-flash-image", "4K", 0.151),
        ("gemini-3-pro-image", "2K", 0.134),
        ("gemini-3-pro-image", "4K", 0.24),
    ],
)
def test_gemini_charges_the_published_prices(
    gemini: Any, model: str, scale: str, dollars: float
) -> None:
    gemini.answers("picture_only")
    ask(gemini, model, generationConfig={"imageConfig": {"imageSize": scale}})
    assert round(gemini.bill.amount_micro / 1e6, 2) == round(dollars, 2)


def test_gemini_says_no_in_a_200(gemini: Any) -> None:
    gemini.answers("image_safety", "prompt_blocked", "text_only", "markdown", "no_image")
    answers = [ask(gemini).json() for _ in range(5)]
    assert answers[0]["candidates"][0] == {"index": 0, "finishReason": "IMAGE_SAFETY"}
    assert answers[1]["promptFeedback"]["blockReason"]
    assert "inlineData" not in answers[2]["candidates"][0]["content"]["parts"][0]
    assert "data:image/png" in answers[3]["candidates"][0]["content"]["parts"][0]["text"]
    assert answers[4]["candidates"][0]["finishReason"] == "NO_IMAGE"
    assert gemini.bill.pictures == 1


@pytest.mark.parametrize("change", [{"n": 2}, {"contents": []}])
def test_gemini_refuses_what_it_does_not_know(gemini: Any, change: dict[str, Any]) -> None:
    answer = ask(gemini, **change)
    assert answer.status_code == 400
    assert answer.json()["error"]["status"] == "INVALID_ARGUMENT"


def test_gemini_says_when_in_the_body(gemini: Any) -> None:
    gemini.faults.next("rate_limited", retry_after_s=34)
    answer = ask(gemini)
    error = answer.json()["error"]
    assert (answer.status_code, error["status"]) == (429, "RESOURCE_EXHAUSTED")
    assert error["details"][0]["retryDelay"] == "34s"
    assert "retry-after" not in answer.headers
    gemini.faults.next("insufficient_quota")
    details = ask(gemini).json()["error"]["details"]
    assert "PerDay" in details[0]["violations"][0]["quotaId"]


def test_gemini_wants_its_signature_back(gemini: Any) -> None:
    model = ask(gemini).json()["candidates"][0]["content"]
    user = {"role": "user", "parts": [{"text": "bluer"}]}
    assert ask(gemini, contents=[user, model, user]).status_code == 200
    del model["parts"][1]["thoughtSignature"]
    assert ask(gemini, contents=[user, model, user]).status_code == 400


def test_gemini_talks_streamed_and_in_openais_words(gemini: Any) -> None:
    gemini.chat.says("Hello there, friend.")
    answer = ask(gemini, "gemini-3-flash", verb="streamGenerateContent?alt=sse")
    events = [json.loads(line[6:]) for line in answer.text.split("\n\n") if line]
    said = [each["candidates"][0]["content"]["parts"][0]["text"] for each in events]
    assert "".join(said) == "Hello there, friend."
    assert events[-1]["usageMetadata"]["candidatesTokenCount"] == 5
    gemini.chat.quirk = "thought_signature"
    gemini.chat.calls("draw", {})
    with openai.OpenAI(base_url=f"{gemini.base_url}/openai", api_key=gemini.key) as client:
        made = client.chat.completions.create(model="gemini-3-flash", messages=ASK)  # type: ignore[arg-type]
    called = made.choices[0].message.tool_calls[0]  # type: ignore[index]
    assert called.extra_content["google"]["thought_signature"]  # type: ignore[union-attr]


def near(sim: Any, **body: Any) -> httpx2.Response:
    wish = {"model": "flux-dev", "prompt": "a fox", **body}
    headers = {"authorization": f"Bearer {sim.key}"}
    return httpx2.post(f"{sim.base_url}/images/generations", headers=headers, json=wish)


def test_a_neighbour_keeps_results_elsewhere_and_sees_a_leak() -> None:
    with upstream.serve("compatible", delivery="url") as sim:
        url = near(sim, size="512x512").json()["data"][0]["url"]
        assert urlsplit(url).port != sim.port
        assert pictures.size_of(httpx2.get(url).content) == (512, 512)
        assert not sim.leaks
        httpx2.get(url, headers={"authorization": f"Bearer {sim.key}"})
        assert len(sim.leaks) == 1


def test_a_neighbour_has_its_habits() -> None:
    with upstream.serve("compatible", splits_pipes=True, needs_key=False) as sim:
        sim.refuses = {"quality"}
        answer = near(sim, quality="low")
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "quality")
        assert near(sim, prompt="a fox|blurry").json()["usage"]["total_tokens"] == 0
        assert sim.split == [("a fox", "blurry")]
        sim.sizes = "pair"
        assert near(sim, width=256, height=128).status_code == 200
        assert near(sim, size="256x128").status_code == 400
        assert [charge.size for charge in sim.bill] == ["512x512", "256x128"]


def granted(oauth: Any, form: dict[str, str]) -> dict[str, Any]:
    client = {"client_id": oauth.client_id, "client_secret": oauth.client_secret}
    said: dict[str, Any] = httpx2.post(oauth.token_url, data={**client, **form}).json()
    return said


def redeemed(oauth: Any, *, verifier: str = "v" * 43, shown: str = "v" * 43) -> dict[str, Any]:
    digest = hashlib.sha256(verifier.encode()).digest()
    asked = {
        "response_type": "code",
        "client_id": oauth.client_id,
        "redirect_uri": "http://localhost/back",
        "state": "s1",
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    back = httpx2.get(oauth.authorize_url, params=asked)
    given = parse_qs(urlsplit(back.headers["location"]).query)
    assert given["state"] == ["s1"]
    return granted(
        oauth,
        {
            "grant_type": "authorization_code",
            "code": given["code"][0],
            "redirect_uri": asked["redirect_uri"],
            "code_verifier": shown,
        },
    )


def test_a_refresh_token_works_once() -> None:
    with upstream.serve("oauth") as oauth:
        first = redeemed(oauth)
        assert oauth.is_valid(first["access_token"])
        again = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
        second = granted(oauth, again)
        assert second["refresh_token"] != first["refresh_token"]
        assert granted(oauth, again)["error"] == "invalid_grant"
        assert (oauth.refreshes, oauth.issued) == (1, 2)


def test_a_wrong_verifier_gets_nothing() -> None:
    with upstream.serve("oauth") as oauth:
        assert redeemed(oauth, shown="w" * 43)["error"] == "invalid_grant"
        oauth.faults.next("invalid_grant")
        assert granted(oauth, {"grant_type": "client_credentials"})["error"] == "invalid_grant"
        assert oauth.issued == 0


def test_a_misspelt_switch_or_fault_is_noticed() -> None:
    with pytest.raises(TypeError):
        upstream.serve("openai", take_s=2)
    with pytest.raises(ValueError):
        faults.Fault("dropp")
    with pytest.raises(AssertionError):
        google.Google().answers("maybe")

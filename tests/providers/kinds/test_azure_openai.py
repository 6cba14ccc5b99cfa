import asyncio
import io
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from providers.errors import (
    BadKey,
    Declined,
    Doubtful,
    Limited,
    NotBilled,
    ProviderFailed,
    Retired,
    Retry,
)
from providers.kinds.azure_openai import AzureOpenAI
from tests import upstream
from tests.providers.kinds.wired import answered, connected, failure, happened, made, order, photo
from tests.providers.kinds.wired import question as asked
from tests.upstream import pictures

OLDER = {"api_version": "2025-04-01-preview"}
FORMS = pytest.mark.parametrize("options", [{}, OLDER], ids=["newer", "older"])


@pytest.fixture
def sim() -> Iterator[Any]:
    with upstream.serve("azure") as simulator:
        yield simulator


def azure(sim: Any, **more: Any) -> AzureOpenAI:
    adapter: AzureOpenAI = connected(AzureOpenAI, sim, **{"base_url": sim.url, **more})
    return adapter


@FORMS
@pytest.mark.parametrize("written", ["", "/", "/openai/v1", "/openai/v1/", "/openai"])
def test_it_works(sim: Any, options: dict[str, Any], written: str) -> None:
    adapter = azure(sim, options=options, base_url=sim.url + written)
    finished = made(adapter, order("pictures", n=2))
    assert len(finished.pictures) == sim.bill[0].pictures == 2
    assert finished.usage.image_out == sim.bill[0].image_out
    (request,) = sim.requests
    assert request.headers["api-key"] == sim.key
    assert "authorization" not in request.headers
    if options:
        assert request.path == "/openai/deployments/pictures/images/generations"
        assert request.query == {"api-version": "2025-04-01-preview"}
    else:
        assert request.path == "/openai/v1/images/generations"


@FORMS
def test_edits_previews_and_talk(sim: Any, options: dict[str, Any]) -> None:
    adapter = azure(sim, options=options)
    file = io.BytesIO()
    Image.new("L", (64, 64), 255).save(file, "PNG")
    references = (photo(pictures.picture(64, 64)),)
    made(adapter, order("pictures", references=references, mask=photo(file.getvalue())))
    assert [part.field for part in sim.requests[0].form.files] == ["image", "mask"]
    assert len(happened(adapter, order("pictures", partials=2))) == 3
    sim.chat.says("A fox.")
    text, others, ended = answered(adapter, asked("talk"))  # chunks of the filter in between
    assert (text, others, ended.reason) == ("A fox.", [], "stop")


def test_a_deployment_may_be_called_anything(sim: Any) -> None:
    adapter = azure(sim, options={"families": {"pictures": "gpt-image-2"}})
    assert adapter.capabilities("pictures").mask == "alpha"
    assert azure(sim).capabilities("pictures").mask == ""
    odd = failure(lambda: made(azure(sim, options=OLDER), order("a/../b?c")))
    assert isinstance(odd, Retired)
    assert sim.requests[-1].target.startswith("/openai/deployments/a%2F..%2Fb%3Fc/images")


FAULTS: list[tuple[str, type[ProviderFailed]]] = [
    ("moderation_blocked", Declined),
    ("content_policy_violation", Declined),
    ("content_filter", Declined),
    ("invalid_api_key", BadKey),
    ("rate_limited", Limited),
    ("model_not_found", Retired),
    ("server_error", Doubtful),
    ("drop", Doubtful),
    ("not_json", Doubtful),
    ("wrong_content_type", Doubtful),
    ("huge", Doubtful),
    ("redirect_metadata", NotBilled),
]


@FORMS
@pytest.mark.parametrize(("fault", "kind"), FAULTS)
def test_what_a_fault_means(
    sim: Any, options: dict[str, Any], fault: str, kind: type[ProviderFailed]
) -> None:
    sim.faults.next(fault)
    failed = failure(lambda: made(azure(sim, options=options), order("pictures")))
    assert type(failed) is kind
    assert len(sim.requests) == 1


def test_a_blocked_resource(sim: Any) -> None:
    sim.faults.next("unverified_organization")
    assert isinstance(failure(lambda: made(azure(sim), order("pictures"))), BadKey)


def test_a_filter_before_the_answer(sim: Any) -> None:
    sim.faults.next("content_filter")
    failed = failure(lambda: answered(azure(sim), asked("talk")))
    assert (type(failed), failed.retry) == (Declined, Retry.NEVER)
    assert failed.request_id == sim.requests[0].id


@FORMS
def test_check(sim: Any, options: dict[str, Any]) -> None:
    assert asyncio.run(azure(sim, options=options).check()).steps
    assert not sim.bill
    wrong = azure(sim, options=options, secret="another")
    assert isinstance(failure(lambda: asyncio.run(wrong.check())), BadKey)


def test_deployments_are_not_listed(sim: Any) -> None:
    failed = failure(lambda: asyncio.run(azure(sim).models()))
    assert failed.code == "unsupported_for_model"


def test_it_waits_long() -> None:
    assert AzureOpenAI.deadline_s == 600

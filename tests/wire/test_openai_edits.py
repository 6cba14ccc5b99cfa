"""Pictures and masks that OpenAI's own client sends, and links instead of bytes."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from django.core.signing import dumps
from django.utils import timezone
from openai import APIStatusError, BadRequestError, OpenAI
from PIL import Image

from accounts.models import ApiKey, Organisation, User
from assistants.models import Artifact
from chats import deletion, links
from policies.models import Entry, Hold
from providers.models import Model
from tale import demo
from tale.lib import child
from tests.assistants.hostile import GREEN, SVG, encoded
from tests.people import Program

pytestmark = pytest.mark.django_db(transaction=True)
SIDE = (128, 96)
LEFT = (0, 0, 64, 96)


@pytest.fixture(scope="module", autouse=True)
def children() -> Iterator[None]:
    child.start()
    yield
    child.stop()


@pytest.fixture
def office(acme: Organisation) -> Organisation:
    """With Studio itself, which changes what a mask marks and nothing else."""
    demo.set_up_workspace(acme)
    return acme


@pytest.fixture
def client(
    office: Organisation, bob: User, key_for: Any, live_server: Any, settings: Any
) -> OpenAI:
    settings.TALE_URL = live_server.url
    secret = key_for(bob).secret
    return OpenAI(base_url=f"{live_server.url}/openai/v1", api_key=secret, timeout=30)


def picture(size: tuple[int, int] = SIDE) -> tuple[str, bytes]:
    return "lawn.png", encoded("PNG", Image.new("RGB", size, GREEN))


def mask(size: tuple[int, int] = SIDE) -> tuple[str, bytes]:
    """As OpenAI wants it: what may change is see-through. The left half."""
    image = Image.new("RGBA", size, (0, 0, 0, 255))
    image.paste((0, 0, 0, 0), LEFT)
    return "mask.png", encoded("PNG", image)


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("RGB")


def fetched(url: str, **headers: str) -> tuple[int, bytes, Any]:
    try:
        with urlopen(Request(url, headers=headers)) as got:
            return got.status, got.read(), got.headers
    except HTTPError as refused:
        return refused.code, refused.read(), refused.headers


def test_it_works(office: Organisation, client: OpenAI) -> None:
    made = client.images.edit(
        image=picture(),
        mask=mask(),
        prompt="make it night",
        quality="low",
        output_format="png",
        background="opaque",
        response_format="url",
    )
    assert made.data is not None
    url = made.data[0].url or ""
    status, content, headers = fetched(url)
    assert (status, headers["Content-Type"], made.size) == (200, "image/png", "128x96")
    after = opened(content)
    assert after.size == SIDE
    assert after.getpixel((100, 50)) == GREEN  # outside of the mask
    assert after.crop(LEFT).getcolors() != [(64 * 96, GREEN)]
    assert list(Entry.objects.of(office).values_list("operation", flat=True)) == ["inpaint"]
    sent = Artifact.objects.of(office).exclude(origin="generated").order_by("origin")
    assert [(row.origin, row.retention) for row in sent] == [
        ("mask", "temporary"),
        ("uploaded", "temporary"),
    ]
    assert (made.output_format, made.background) == ("png", "opaque")


def test_a_picture_alone_and_one_that_is_here(office: Organisation, client: OpenAI) -> None:
    """`image[]` is how the client sends a list; an id names a picture that is stored already."""
    made = client.images.edit(image=[picture()], prompt="brighter", quality="low")
    assert made.data is not None
    assert opened(base64.b64decode(made.data[0].b64_json or "")).size == SIDE
    row = Artifact.objects.of(office).get(origin="generated")
    program = Program(client.api_key)
    again = {"prompt": "darker", "image": row.pk, "quality": "low"}
    answer = program.generic("POST", "/openai/v1/images/edits", *form(again))
    assert answer.status_code == 200, answer.content
    newest = Artifact.objects.of(office).filter(origin="generated").first()
    assert newest is not None
    assert newest.job is not None
    assert newest.job.wish["sources"] == [row.pk]


def form(fields: dict[str, str]) -> tuple[bytes, str]:
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    return "".join([*parts, "--b--\r\n"]).encode(), "multipart/form-data; boundary=b"


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"image": ("x.svg", SVG)}, "unsupported_file_type", "image"),
        ({"image": ("x.png", b"")}, "empty_file", "image"),
        ({"mask": ("x.png", picture()[1][:-20])}, "corrupt_image", "mask"),
        ({"mask": mask((96, 128))}, "invalid_value", "mask"),
        ({"mask": ("x.png", encoded("PNG", Image.new("L", SIDE)))}, "blank", "mask"),
        ({"image": [picture(), picture((8, 8))]}, "too_many_items", "image"),
        ({"n": 11}, "integer_above_max_value", "n"),
        ({"stream": True}, "unsupported_parameter", "stream"),
        ({"extra_body": {"n": "two"}}, "invalid_type", "n"),
        ({"extra_body": {"wish": "1"}}, "unknown_parameter", "wish"),
        ({"extra_body": {"output_format": "svg"}}, "invalid_value", "output_format"),
        ({"output_compression": 40}, "unsupported_parameter", "output_compression"),
    ],
)
def test_it_says_no_before_money_moves(
    office: Organisation, client: OpenAI, fields: dict[str, Any], code: str, param: str
) -> None:
    with pytest.raises(
        BadRequestError if code != "unsupported_file_type" else APIStatusError
    ) as no:
        client.images.edit(**{"image": picture(), "prompt": "at night", **fields})
    assert (no.value.code, no.value.param) == (code, param)
    assert not Hold.objects.of(office).exists()


def test_a_model_without_masks_takes_none(office: Organisation, client: OpenAI) -> None:
    model = Model.objects.of(office).get(remote_id="studio-image")
    model.capabilities = {"operations": ["generate", "edit"]}
    model.save()
    with pytest.raises(BadRequestError) as refused:
        client.images.edit(image=picture(), mask=mask(), prompt="at night")
    assert (refused.value.code, refused.value.param) == ("unsupported_for_model", "mask")
    assert not Hold.objects.of(office).exists()


def test_a_picture_of_somebody_else_is_not_there(
    office: Organisation, lena: User, charlie: User, key_for: Any, client: OpenAI
) -> None:
    client.images.edit(image=picture(), prompt="brighter", quality="low")
    demo.set_up_workspace(charlie.memberships.get().organisation)
    row = Artifact.objects.of(office).get(origin="generated")
    entries = Entry.objects.of(office).count()
    for who in (lena, charlie):
        program = Program(key_for(who).secret)
        asked = form({"prompt": "x", "image": row.pk})
        answer = program.generic("POST", "/openai/v1/images/edits", *asked)
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error["param"]) == (404, "not_found", "image")
    assert Entry.objects.of(office).count() == entries
    assert Hold.unscoped.count() == 1


def test_the_same_key_is_for_the_same_files(office: Organisation, client: OpenAI) -> None:
    def ask(image: tuple[str, bytes], **fields: Any) -> Any:
        return client.images.edit(
            image=image,
            prompt="brighter",
            quality="low",
            extra_headers={"Idempotency-Key": "once"},
            **fields,
        )

    first, again = ask(picture()), ask(picture())
    assert first.data == again.data
    assert Artifact.objects.of(office).filter(origin="uploaded").count() == 1
    for other in ({"image": ("x.png", encoded("WEBP"))}, {"image": picture(), "mask": mask()}):
        with pytest.raises(APIStatusError) as refused:
            ask(**other)
        assert (refused.value.status_code, refused.value.code) == (422, "idempotency_key_reused")
    # A day later what was sent is gone; the answer is not.
    deletion.expire(now=timezone.now() + timedelta(days=2))
    assert not Artifact.objects.of(office).filter(origin="uploaded", state="ready").exists()
    assert ask(picture()).data == first.data
    assert Entry.objects.of(office).count() == 1


def test_a_full_storage_says_no_before_money_moves(office: Organisation, client: OpenAI) -> None:
    Organisation.objects.filter(pk=office.pk).update(storage_mib=0)
    with pytest.raises(APIStatusError) as refused:
        client.images.edit(image=picture(), prompt="brighter")
    assert (refused.value.status_code, refused.value.code) == (507, "storage_full")
    client.images.generate(prompt="a lake", size="256x192", quality="low")
    Organisation.objects.filter(pk=office.pk).update(counts_generated=True)
    with pytest.raises(APIStatusError) as refused:
        client.images.generate(prompt="a lake", size="256x192", quality="low")
    assert refused.value.code == "storage_full"
    assert Hold.objects.of(office).count() == 1


def test_a_link_needs_no_session_and_dies_with_its_picture(
    office: Organisation, bob: User, client: OpenAI
) -> None:
    made = client.images.generate(
        prompt="a lake", size="256x192", quality="low", response_format="url", output_format="webp"
    )
    assert made.data is not None
    url = made.data[0].url or ""
    row = Artifact.objects.of(office).get()
    status, content, headers = fetched(url)
    assert (status, content) == (200, row.get_bytes())
    assert headers["Content-Security-Policy"].startswith("sandbox")
    assert fetched(url, **{"If-None-Match": headers["ETag"]})[0] == 304
    part = fetched(url, Range="bytes=2-9")
    assert (part[0], part[1]) == (206, content[2:10])
    program = Program(client.api_key)
    given = program.get(f"/api/v1/pictures/{row.pk}/link?variant=thumb&minutes=5").json()
    small = fetched(given["url"])
    assert (small[0], small[2]["Content-Type"]) == (200, "image/webp")
    for wrong in (f"{url[:-3]}AAA", url.replace("/linked/", "/linked/x"), f"{url[:-20]}"):
        assert fetched(wrong)[2]["X-Error-Code"] == "invalid_link"
    forged = dumps([row.pk, "", "", 0, 2**33], salt="another door")
    assert fetched(f"{url.partition('/linked/')[0]}/linked/{forged}")[0] == 403
    assert program.delete(f"/api/v1/pictures/{row.pk}").status_code == 204
    for link in (url, given["url"]):
        gone = fetched(link)
        assert (gone[0], gone[2]["X-Error-Code"]) == (410, "gone")
    for link, code in ((url, "gone"), (f"{url[:-3]}AAA", "invalid_link")):
        told = json.loads(fetched(link, Accept="application/json")[1])
        assert told["error"]["code"] == code
        assert fetched(link, Accept="text/html, */*")[1].startswith(b"<!")


def test_a_link_lives_as_long_as_the_organisation_lets_it(
    office: Organisation, client: OpenAI, key_for: Callable[..., Any], as_: Any
) -> None:
    client.images.generate(prompt="a lake", size="256x192", quality="low")
    row, now = Artifact.objects.of(office).get(), timezone.now()

    def status(url: str) -> tuple[int, str]:
        answer = Program().get(url.removeprefix(links.settings.TALE_URL))
        return answer.status_code, answer.headers.get("X-Error-Code", "")

    def given(minutes_ago: int, *, minutes: int = 0) -> str:
        then = now - timedelta(minutes=minutes_ago)
        return links.give(row, links.Asked(), now=then, minutes=minutes).url

    hour = given(59)
    assert status(hour) == (200, "")
    assert status(given(61)) == status(given(6, minutes=5)) == (403, "link_expired")
    assert status(given(61, minutes=600)) == (403, "link_expired")
    Organisation.objects.filter(pk=office.pk).update(link_minutes=30)
    assert status(hour) == (403, "link_expired")
    row.refresh_from_db()
    fresh = given(1)
    assert status(fresh) == (200, "")
    ApiKey.objects.of(office).update(revoked_at=now)  # the link outlives the key that got it
    assert status(fresh) == (200, "")
    Organisation.objects.filter(pk=office.pk).update(status="suspended")
    assert status(fresh) == (403, "organization_suspended")

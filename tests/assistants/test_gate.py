"""The image gate: what it lets through is a picture and no more, and nothing it opens hurts us."""

import asyncio
import io
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.files.storage import storages
from PIL import Image, ImageCms, PngImagePlugin

from accounts.models import Organisation, User
from assistants import artifacts, gate, images
from assistants.context import Context
from assistants.models import Artifact, DeletionProof, ImageJob
from policies.models import Call, Entry, Hold
from providers.shapes import Picture, Wish
from tale.lib import child, imaging, likeness, outline
from tale.lib.refusals import Refusal
from tests.assistants.hostile import (
    GREEN,
    HOSTILE,
    SCRIPT,
    SVG,
    animation,
    bomb,
    encoded,
)
from tests.people import actor_for
from tests.upstream.scripted import Script, png

MIB = 2**20


@pytest.fixture(scope="module", autouse=True)
def children() -> Iterator[None]:
    child.start()
    yield
    child.stop()


def upload(content: bytes) -> Picture:
    return asyncio.run(gate.pass_upload(content))


def made(*contents: bytes) -> gate.Passed[Picture]:
    async def as_it_is(_place: int, picture: Picture) -> Picture:
        return picture

    return asyncio.run(gate.pass_made([Picture(content) for content in contents], as_it_is))


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


@pytest.fixture
def office(acme: Organisation, workspace: Callable[[Organisation], None]) -> Organisation:
    workspace(acme)
    return acme


def draw(user: User, key: str = "k", n: int = 1) -> list[Artifact]:
    context = Context(actor=actor_for(user), reference="test")

    async def ask() -> list[Artifact]:
        wish = Wish("a fox", n=n)
        return await images.generate(wish=wish, context=context, idempotency_key=key)

    return async_to_sync(ask)()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_it_works(form: str) -> None:
    content = encoded(form, quality=95)
    assert made(content).sound == (Picture(content, f"image/{form.lower()}"),)
    anew = upload(content)
    image = opened(anew.content)
    assert (image.format, image.size, anew.media_type) == (form, (64, 48), f"image/{form.lower()}")
    assert near(image.convert("RGB").getpixel((30, 20)), GREEN, by=6)


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_picture_is_refused(name: str) -> None:
    content, code = HOSTILE[name]
    with pytest.raises(Refusal) as refused:
        upload(content)
    assert (refused.value.code, refused.value.field) == (code, "file")
    if code == "too_many_frames" or content:
        assert made(content).unsound == (Picture(content),)


def test_a_file_is_measured_before_it_is_read() -> None:
    with pytest.raises(Refusal) as refused:
        upload(encoded("PNG") + bytes(20 * MIB))
    assert refused.value.code == "file_too_large"


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_what_comes_after_the_end_is_cut(form: str) -> None:
    content = encoded(form)
    (kept,) = made(content + SCRIPT + b"PK\3\4").sound
    assert kept.content == content
    assert SCRIPT not in upload(content + SCRIPT).content


def test_the_bytes_of_a_provider_stay_as_they_are_and_an_upload_keeps_pixels_alone() -> None:
    told = PngImagePlugin.PngInfo()
    told.add_text("parameters", "a secret prompt")
    told.add_text("polyglot", SVG.decode())
    content = encoded("PNG", pnginfo=told)
    assert made(content).sound[0].content == content
    anew = upload(content).content
    assert b"secret" not in anew
    assert b"svg" not in anew


def test_where_it_was_taken_is_not_kept_and_it_stands_upright() -> None:
    lying = Image.new("RGB", (64, 32), GREEN)
    lying.paste((255, 0, 0), (0, 0, 32, 32))
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Camera of Bob"  # lies on its right side
    anew = upload(encoded("JPEG", lying, exif=exif, quality=95)).content
    assert b"Camera" not in anew
    assert opened(anew).size == (32, 64)
    assert near(opened(anew).getpixel((16, 8)), (255, 0, 0), by=12)


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_of_an_animation_the_first_frame_is_taken(form: str) -> None:
    content = animation(form)
    for kept in (made(content).sound[0].content, upload(content).content):
        assert outline.read(kept, most_bytes=MIB).frames == 1
        assert opened(kept).convert("RGB").getpixel((30, 20)) == GREEN


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (bomb(), "88 megapixels of one bit"),
        (bomb(8192, 3051), "just under 25 megapixels"),
        (bomb(8000, 3000, depth=16), "16 bits"),
        (bomb(8000, 3000, depth=8, channels=4), "four channels"),
        (bomb(8192, 8192, said=(64, 64)), "more pixels than its header says"),
    ],
)
def test_a_bomb_costs_the_worker_no_memory(content: bytes, why: str) -> None:
    before, peak, done = resident(), 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.is_set():
            peak = max(peak, resident())
            time.sleep(0.002)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        made(content, content)
    finally:
        done.set()
        watcher.join()
    assert peak, why
    assert peak - before < 100 * MIB


def test_a_child_that_dies_of_it_says_no_and_the_next_picture_passes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Were the header's limits not there, the limit of memory still is."""
    monkeypatch.setattr(gate, "DECODE_S", 0.01)
    noise = encoded("PNG", Image.effect_noise((2000, 2000), 90))
    assert made(noise).unsound
    monkeypatch.undo()
    assert made(encoded("PNG")).sound


def test_the_child_itself_counts_pixels() -> None:
    """Whatever our own reading of a header made of it."""
    for deed in (likeness.examine, imaging.normalise):
        with pytest.raises(outline.Unsound) as unsound:
            deed(bomb())
        assert unsound.value.code == "image_too_large"


@pytest.mark.parametrize(
    ("form", "mode"),
    [
        ("PNG", "RGBA"),
        ("PNG", "RGB"),
        ("PNG", "P"),
        ("JPEG", "RGB"),
        ("JPEG", "L"),
        ("WEBP", "RGBA"),
    ],
)
def test_a_picture_is_decoded_once_and_known_again_by_that(form: str, mode: str) -> None:
    noise = Image.effect_noise((40, 30), 90).resize((300, 220), Image.Resampling.BICUBIC)
    content = encoded(form, noise.convert(mode))
    passed = made(content, b"no picture")
    assert passed.looks == (int.from_bytes(likeness.read(content)),)
    assert len(passed.sound) == len(passed.unsound) == 1


def test_a_sound_picture_is_not_lost_to_what_it_looks_like(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imaging, "_upright", lambda image: image.broken)
    assert likeness.examine(encoded("PNG")) == b""


def test_what_was_done_with_a_bad_one_meanwhile_is_dropped_and_how_it_failed() -> None:
    good, bad = encoded("PNG"), HOSTILE["a PNG broken inside"][0]
    begun = []

    async def fails(place: int, picture: Picture) -> int:
        begun.append(place)
        if picture.content == bad:
            raise OSError("no room")
        return place

    passed = asyncio.run(gate.pass_made([Picture(bad), Picture(good)], fails))
    assert (passed.sound, passed.unsound) == ((1,), (Picture(bad),))
    assert sorted(begun) == [0, 1]


def test_what_fails_with_a_good_one_meanwhile_is_said() -> None:
    async def fails(_place: int, _picture: Picture) -> None:
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        asyncio.run(gate.pass_made([Picture(encoded("PNG"))], fails))


def test_colours_are_what_they_were() -> None:
    swapped = encoded("PNG", Image.new("RGB", (8, 8), GREEN), icc_profile=swapped_profile())
    plain = opened(upload(swapped).content)
    assert "icc_profile" not in plain.info
    assert near(plain.getpixel((4, 4)), GREEN[::-1], by=2)
    grey = Image.new("I;16", (8, 8), 0x8080)
    assert opened(upload(encoded("PNG", grey)).content).convert("L").getpixel((4, 4)) == 0x80
    ghost = Image.new("RGBA", (8, 8), (*GREEN, 40))
    assert opened(upload(encoded("PNG", ghost)).content).getpixel((4, 4)) == (*GREEN, 40)


def test_a_paid_picture_that_is_none_is_booked_and_kept_aside(
    office: Organisation, bob: User, as_: Any, script: Script
) -> None:
    script.sends = [SVG]
    with pytest.raises(Refusal) as refused:
        draw(bob)
    assert refused.value.code == "provider_bad_image"
    assert Hold.objects.of(office).get().state == "settled"
    assert Entry.objects.of(office).get().amount_micro == 40_000
    assert Call.objects.of(office).get().code == "provider_bad_image"
    kept = Artifact.objects.of(office).get()
    assert (kept.state, kept.get_bytes()) == ("aside", SVG)
    assert as_(bob).get(f"/pictures/{kept.pk}").status_code == 404
    with pytest.raises(Refusal):
        draw(bob)
    assert len(script.bill) == Entry.objects.of(office).count() == 1
    assert ImageJob.objects.of(office).get().state == "refused"


def test_what_was_set_aside_is_cleared_away_by_whoever_manages_chats(
    office: Organisation, bob: User, dana: User, as_: Any, script: Script
) -> None:
    script.sends = [SVG]
    with pytest.raises(Refusal):
        draw(bob)
    kept = Artifact.objects.of(office).get()
    assert as_(bob).delete(f"/pictures/{kept.pk}").status_code == 404
    assert as_(dana).delete(f"/pictures/{kept.pk}").status_code == 200
    assert not storages["default"].exists(kept.path)
    assert DeletionProof.objects.of(office).get().sha256 == [kept.sha256]


@pytest.mark.parametrize("bad", [bomb(), HOSTILE["a PNG broken inside"][0]])
def test_a_bad_one_among_good_ones_takes_nothing_from_them(
    office: Organisation, bob: User, script: Script, bad: bytes
) -> None:
    script.sends = [png(64, 64), bad, png(32, 32)]
    drawn = draw(bob, n=3)
    assert [(row.width, row.ordinal) for row in drawn] == [(64, 0), (32, 1)]
    [aside] = Artifact.objects.of(office).filter(state="aside")
    assert aside.get_bytes() == bad
    folder = artifacts.folder_of(Hold.objects.of(office).get().pk)
    assert set(artifacts.files_in(folder)) == {row.path for row in drawn}
    assert sum(entry.pictures for entry in Entry.objects.of(office)) == 3
    assert [row.pk for row in draw(bob, n=3)] == [row.pk for row in drawn]


def swapped_profile() -> bytes:
    """sRGB with red and blue exchanged."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"____").replace(b"bXYZ", b"rXYZ").replace(b"____", b"bXYZ")


def near(one: Any, other: Any, *, by: int) -> bool:
    return all(abs(a - b) <= by for a, b in zip(one, other, strict=True))


def resident() -> int:
    status = Path(f"/proc/{os.getpid()}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024

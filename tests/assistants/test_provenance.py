"""A picture says where it comes from, signed and in plain fields, or it is kept as it came."""

from __future__ import annotations

import io
import json
import socket
import subprocess
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from PIL import Image

from assistants import provenance
from assistants.marking import containers, manifest, metadata, signer
from assistants.marking.containers import Part
from assistants.marking.metadata import Facts
from assistants.provenance import Credentials, Marked
from tale.lib import child
from tale.lib.child import ChildFailed
from tests.upstream.pictures import picture

FORMS = ("png", "jpeg", "webp")
AI, COMPOSITE = "trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"
FACTS = Facts(
    picture="art_fox",
    organisation="Acme",
    provider="OpenAI",
    model="gpt-image-2",
    made_at="2026-11-21T10:00:00Z",
    source_type=AI,
)
FOREIGN_XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
    ' xmlns:v="http://vendor.test/" v:batch="7">'
    "<Iptc4xmpExt:DigitalSourceType>{}</Iptc4xmpExt:DigitalSourceType>"
    "</rdf:Description></rdf:RDF></x:xmpmeta>"
)


def mark(content: bytes, facts: Facts = FACTS, ingredients: tuple[bytes, ...] = ()) -> Marked:
    return async_to_sync(provenance.mark)(content, facts=facts, ingredients=ingredients)


def read(content: bytes) -> Credentials:
    return async_to_sync(provenance.read)(content)


def pixels(content: bytes) -> bytes:
    with Image.open(io.BytesIO(content)) as image:
        return image.convert("RGBA").tobytes()


def xmp(content: bytes) -> str:
    with Image.open(io.BytesIO(content)) as image:
        packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or ""
    return packet.decode() if isinstance(packet, bytes) else packet


def with_xmp(content: bytes, packet: str) -> bytes:
    return containers.join(containers.with_xmp(containers.split(content), packet.encode()))


@pytest.fixture
def stranger(tmp_path: Path) -> dict[str, Any]:
    """Signs as we do, under a root that is not ours."""
    return asdict(signer._load(tmp_path / "elsewhere" / "marks", "", ""))


def by_stranger(stranger: dict[str, Any], content: bytes, source_type: str) -> bytes:
    facts = asdict(replace(FACTS, picture="theirs", source_type=source_type))
    return manifest.mark(content, facts=facts, signer=stranger)


@pytest.mark.parametrize("form", FORMS)
def test_it_works(form: str) -> None:
    content = picture(320, 200, form, weight=20_000)
    marked = mark(content)
    assert marked.by == "ours"
    assert read(marked.content) == Credentials(
        present=True,
        valid=True,
        ours=True,
        issuer="Tale",
        source_type=AI,
        tool="Tale",
        made_at="2026-11-21T10:00:00Z",
        picture="art_fox",
    )
    assert pixels(marked.content) == pixels(content)
    assert f"{metadata.SOURCE_TYPES}{AI}" in xmp(marked.content)
    assert len(marked.content) < len(content) + 8_000


@pytest.mark.exiftool
@pytest.mark.parametrize("form", FORMS)
def test_exiftool_reads_it(form: str, tmp_path: Path) -> None:
    path = tmp_path / f"fox.{form}"
    path.write_bytes(mark(picture(64, 64, form)).content)
    told = subprocess.run(["exiftool", "-json", "-n", str(path)], capture_output=True, check=True)
    said = json.loads(told.stdout)[0]
    assert said["DigitalSourceType"] == f"{metadata.SOURCE_TYPES}{AI}"
    assert said["Credit"] == "Acme"
    assert said["Identifier"] == "art_fox"
    assert not {"Error", "Warning"} & said.keys()
    if form == "jpeg":
        assert (said["OriginatingProgram"], said["Source"]) == ("Tale", "OpenAI")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("transparent", [False, True])
def test_every_kind_of_file_stays_readable(form: str, transparent: bool) -> None:
    mode = "RGBA" if transparent and form != "jpeg" else "RGB"
    image = Image.new(mode, (33, 17), (10, 200, 30, 120)[: len(mode)])
    file = io.BytesIO()
    image.save(file, form.upper(), **({"lossless": True} if form == "webp" else {}))
    marked = mark(file.getvalue())
    assert marked.by == "ours"
    assert pixels(marked.content) == pixels(file.getvalue())
    assert read(marked.content).ours


@pytest.mark.parametrize(("lossless", "opacity"), [(True, 255), (True, 120), (False, 120)])
def test_a_webp_says_in_its_head_what_it_carries(lossless: bool, opacity: int) -> None:
    file = io.BytesIO()
    Image.new("RGBA", (33, 17), (9, 9, 9, opacity)).save(file, "WEBP", lossless=lossless)
    whole = containers.with_xmp(containers.split(file.getvalue()), b"<x/>")
    head = whole.parts[0]
    assert (head.name, head.data[0] & 0x04) == (b"VP8X", 0x04)
    assert bool(head.data[0] & 0x10) == (opacity < 255)
    assert (head.data[4:7], head.data[7:10]) == (b"\x20\0\0", b"\x10\0\0")


@pytest.mark.parametrize("form", FORMS)
def test_a_changed_byte_is_seen(form: str) -> None:
    content = bytearray(mark(picture(320, 200, form, weight=20_000)).content)
    content[len(content) // 2] ^= 1
    seen = read(bytes(content))
    assert (seen.present, seen.valid, seen.ours) == (True, False, False)
    assert "assertion.dataHash.mismatch" in seen.problems


def test_one_pixel_of_another_colour_is_seen() -> None:
    whole = containers.split(mark(picture(64, 64)).content)
    place = next(at for at, part in enumerate(whole.parts) if part.name == b"IDAT")
    rows = bytearray(zlib.decompress(whole.parts[place].data))
    rows[1 + 3 * 30] ^= 1
    parts = [*whole.parts]
    parts[place] = Part(b"IDAT", zlib.compress(bytes(rows)))
    changed = containers.join(replace(whole, parts=tuple(parts)))
    assert pixels(changed) != pixels(picture(64, 64))
    assert not read(changed).valid


@pytest.mark.parametrize("form", FORMS)
def test_what_a_provider_signed_stays_as_it_came(form: str, stranger: dict[str, Any]) -> None:
    content = by_stranger(stranger, picture(64, 64, form), AI)
    assert mark(content) == Marked(content, "provider")
    seen = read(content)
    assert (seen.valid, seen.ours, seen.picture) == (True, False, "theirs")
    assert seen.problems == ("signingCredential.untrusted",)


@pytest.mark.parametrize("form", FORMS)
def test_credentials_that_deny_a_machine_are_kept_inside_ours(
    form: str, stranger: dict[str, Any]
) -> None:
    content = by_stranger(stranger, picture(64, 64, form), "digitalCapture")
    marked = mark(content)
    assert marked.by == "ours"
    assert (read(marked.content).ours, read(marked.content).source_type) == (True, AI)
    assert f"{metadata.SOURCE_TYPES}{AI}" in xmp(marked.content)
    assert b"digitalCapture" in marked.content  # theirs, whole


def test_broken_credentials_of_a_provider_are_replaced(stranger: dict[str, Any]) -> None:
    content = bytearray(by_stranger(stranger, picture(64, 64, "jpeg"), AI))
    content[-9] ^= 1
    assert not read(bytes(content)).valid
    assert read(mark(bytes(content)).content).ours


@pytest.mark.parametrize("form", FORMS)
def test_a_providers_plain_fields_stay(form: str) -> None:
    theirs = FOREIGN_XMP.format(f"{metadata.SOURCE_TYPES}{COMPOSITE}")
    told = xmp(mark(with_xmp(picture(64, 64, form), theirs)).content)
    assert 'v:batch="7"' in told
    assert told.count("<Iptc4xmpExt:DigitalSourceType>") == 1
    assert f"{metadata.SOURCE_TYPES}{AI}" not in told
    assert 'dc:identifier="art_fox"' in told


@pytest.mark.parametrize("form", FORMS)
def test_plain_fields_that_deny_it_do_not(form: str) -> None:
    theirs = FOREIGN_XMP.format(f"{metadata.SOURCE_TYPES}digitalCapture")
    told = xmp(mark(with_xmp(picture(64, 64, form), theirs)).content)
    assert "digitalCapture" not in told
    assert told.count("DigitalSourceType") == 1


def test_names_cannot_break_out_of_their_field() -> None:
    odd = replace(FACTS, organisation='A & "B"\'s <c>\x00\n', model="x" * 5_000)
    marked = mark(picture(64, 64, "jpeg"), odd)
    assert marked.by == "ours"
    assert "A &amp; " in xmp(marked.content)
    assert "<c>" not in xmp(marked.content)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("did", "history"), [("resized", False), ("transcoded", True)])
def test_a_rendition_says_it_again(form: str, did: Any, history: bool) -> None:
    original = mark(picture(320, 200)).content
    with Image.open(io.BytesIO(original)) as image:
        small, file = image.resize((64, 40)), io.BytesIO()
        small.save(file, form.upper())
    assert not read(file.getvalue()).present
    marked = async_to_sync(provenance.remark)(
        file.getvalue(), original=original, facts=FACTS, did=did
    )
    assert marked.by == "ours"
    assert (read(marked.content).ours, read(marked.content).source_type) == (True, AI)
    assert f"c2pa.{did}".encode() in marked.content
    assert (b"parentOf" in marked.content) == history
    assert read(marked.content).picture == "art_fox"


def test_a_machines_hand_is_not_forgotten_in_an_edit() -> None:
    before = mark(picture(64, 64)).content
    drawn = replace(FACTS, source_type="algorithmicMedia", did="edited", picture="art_2")
    after = mark(picture(64, 64, ordinal=1), drawn, (before, picture(32, 32))).content
    assert (read(after).ours, read(after).source_type) == (True, COMPOSITE)
    plain = mark(picture(64, 64, ordinal=1), drawn, (picture(32, 32),)).content
    assert read(plain).source_type == "algorithmicallyEnhanced"


def test_more_than_a_child_can_hold_is_left_out() -> None:
    before, drawn = picture(64, 64), replace(FACTS, did="edited")
    huge = before + bytes(provenance.MOST_BYTES)
    marked = mark(picture(64, 64, ordinal=1), drawn, (before, huge, before))
    assert marked.by == "ours"
    assert (b"parentOf" in marked.content, b"inputTo" in marked.content) == (True, False)


@pytest.mark.parametrize(
    "content",
    [b"", b"\x89PNG\r\n\x1a\n", picture(64, 64)[:120], b"<svg/>", picture(64, 64, "gif")],
    ids=["empty", "head alone", "cut off", "svg", "gif"],
)
def test_what_cannot_be_marked_is_kept_as_it_came(content: bytes) -> None:
    assert mark(content) == Marked(content, "none")
    assert not read(content).valid


def test_no_broken_file_ends_in_another_error() -> None:
    for form in FORMS:
        content = bytearray(mark(picture(64, 64, form)).content)
        for at in range(0, len(content), 37):
            broken = bytes([*content[:at], content[at] ^ 0xFF, *content[at + 1 :]])
            try:
                whole = containers.split(broken)
            except containers.Broken:
                continue
            assert containers.split(containers.join(whole)) == whole


def test_a_dead_child_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    call, deaths = child.call, [ChildFailed("died")]

    async def dies_first(target: str, **arguments: Any) -> bytes:
        if deaths:
            raise deaths.pop()
        return await call(target, **arguments)

    monkeypatch.setattr(child, "call", dies_first)
    assert mark(picture(64, 64)).by == "ours"
    deaths += [ChildFailed("died"), ChildFailed("died")]
    assert mark(picture(64, 64)).by == "none"


def test_nobody_is_asked_for_a_manifest_elsewhere() -> None:
    """A picture may name an address for it; the library would fetch that, inside our network."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.5)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/manifest.c2pa"
        packet = FOREIGN_XMP.replace(
            'v:batch="7"',
            f'xmlns:dcterms="http://purl.org/dc/terms/" dcterms:provenance="{address}"',
        ).format(f"{metadata.SOURCE_TYPES}{AI}")
        for form in FORMS:
            content = with_xmp(picture(64, 64, form), packet)
            assert address in xmp(content)
            assert not read(content).valid
            assert mark(content).by == "ours"
        with pytest.raises(TimeoutError):
            listener.accept()


def test_keys_are_made_once_for_their_owner_alone(tmp_path: Path) -> None:
    home = tmp_path / "keys" / "marks"
    together = threading.Barrier(4)

    def make(_: int) -> signer.Signer:
        together.wait()
        return signer._load.__wrapped__(home, "", "")

    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(make, range(4)))
    assert len(set(made)) == 1
    assert [path.name for path in home.parent.iterdir()] == ["marks"]
    assert {path.stat().st_mode & 0o777 for path in home.iterdir()} == {0o600}
    assert home.stat().st_mode & 0o777 == 0o700
    assert "PRIVATE" not in repr(made[0])


def certificate_of(home: Path) -> dict[str, str]:
    """As an authority hands it over: the leaf, then who issued it."""
    signer._load(home, "", "")
    chain = home.parent / "chain.pem"
    chain.write_text((home / "leaf.pem").read_text() + (home / "root.pem").read_text())
    return {"certificate": str(chain), "key": str(home / "leaf.key")}


def test_an_organisations_own_certificate_signs(settings: Any, tmp_path: Path) -> None:
    before = mark(picture(64, 64)).content
    given = certificate_of(tmp_path / "authority" / "marks")
    settings.TALE_SIGNING_CERTIFICATE, settings.TALE_SIGNING_KEY = given.values()
    after = mark(picture(64, 64)).content
    assert read(after).ours
    assert read(before).ours
    settings.TALE_SIGNING_CERTIFICATE = settings.TALE_SIGNING_KEY = ""
    assert (read(after).valid, read(after).ours) == (True, False)


def test_another_customer_of_the_same_authority_is_not_us(tmp_path: Path) -> None:
    given = certificate_of(tmp_path / "authority" / "marks")
    us = signer._load.__wrapped__(tmp_path / "home" / "marks", **given)
    signed = manifest.mark(picture(64, 64), facts=asdict(FACTS), signer=asdict(us))
    them = replace(us, serials=us.serials[:1])
    assert json.loads(manifest.read(signed, signer=asdict(us)))["ours"]
    assert not json.loads(manifest.read(signed, signer=asdict(them)))["ours"]


@pytest.mark.parametrize(
    ("certificate", "key"),
    [("chain.pem", "nowhere"), ("chain.pem", "chain.pem"), ("marks/leaf.pem", "marks/leaf.key")],
    ids=["no key", "a key that is none", "nobody issued it"],
)
def test_a_certificate_that_cannot_sign_loses_no_picture(
    certificate: str, key: str, settings: Any, tmp_path: Path
) -> None:
    certificate_of(tmp_path / "marks")
    settings.TALE_SIGNING_CERTIFICATE = str(tmp_path / certificate)
    settings.TALE_SIGNING_KEY = str(tmp_path / key)
    assert mark(picture(64, 64)) == Marked(picture(64, 64), "none")


def test_a_key_of_another_certificate_is_refused(stranger: dict[str, Any], tmp_path: Path) -> None:
    given = certificate_of(tmp_path / "marks") | {
        "key": str(tmp_path / "elsewhere" / "marks" / "leaf.key")
    }
    with pytest.raises(signer.CannotSign):
        signer._load(tmp_path / "home" / "marks", **given)

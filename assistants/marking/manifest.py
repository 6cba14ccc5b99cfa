"""Content credentials (C2PA), written and read inside a child: the library parses what strangers
wrote, in native code.

Nothing here reaches the network: a picture may name an address for its manifest, and the library
would fetch it.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import c2pa

from assistants.marking import containers, metadata
from assistants.marking.metadata import Facts

# What a provider's own credentials must say to stand alone: that no camera was there.
SAYS_SO = metadata.TRAINED | {"compositeSynthetic"}
DEEPEST = 8


class Unsound(Exception):
    """What we signed does not read as ours."""


def mark(
    picture: bytes,
    *,
    facts: dict[str, str],
    signer: dict[str, Any],
    ingredients: bytes = b"",
    lengths: Sequence[int] = (),
) -> bytes:
    """The marked picture. Nothing: it carries credentials of its provider that are valid and say
    what it is, so it stays as it came."""
    sources = list(_cut(ingredients, lengths))
    found = _look(picture, signer)
    if found["valid"] and found["source_type"] in SAYS_SO:
        return b""
    stated = _with_source(Facts(**facts), [_look(source, signer) for source in sources])
    # Credentials that are valid but do not say it are kept inside ours.
    wraps = bool(found["valid"])
    if wraps:
        sources = [picture]
    elif stated.did == "resized":
        sources = []  # a thumbnail names its picture, whose whole history may be 100 kB
    definition = _definition(stated, is_made_from=bool(sources), wraps=wraps)
    signed = _sign(metadata.write(picture, stated), definition, sources, signer)
    if not _look(signed, signer)["ours"]:
        raise Unsound("the signature does not verify")
    return signed


def read(picture: bytes, *, signer: dict[str, Any]) -> bytes:
    return json.dumps(_look(picture, signer)).encode()


def _context(signer: Mapping[str, Any]) -> c2pa.Context:
    return c2pa.Context.from_dict(
        {
            "version": 1,
            "builder": {"thumbnail": {"enabled": False}},  # 66 kB and 50 ms a picture
            "core": {"allowed_network_hosts": []},
            "trust": {"user_anchors": signer["anchors"]},
            "verify": {
                "remote_manifest_fetch": False,
                "ocsp_fetch": False,
                "verify_trust": True,
                "verify_after_sign": False,  # `mark` reads what it wrote
            },
        }
    )


def _cut(joined: bytes, lengths: Sequence[int]) -> Iterator[bytes]:
    start = 0
    for length in lengths:
        yield joined[start : start + length]
        start += length


def _with_source(facts: Facts, sources: Sequence[Mapping[str, Any]]) -> Facts:
    """A machine's hand in what a picture was made from is not forgotten when it is changed."""
    before = [source["source_type"] for source in sources]
    if facts.did in ("resized", "transcoded"):
        return replace(facts, source_type=next(filter(None, before), facts.source_type))
    if facts.did == "edited":
        return replace(facts, source_type=metadata.when_edited(facts.source_type, before))
    return facts


def _definition(facts: Facts, *, is_made_from: bool, wraps: bool) -> dict[str, Any]:
    done: dict[str, Any] = {
        "action": f"c2pa.{facts.did if is_made_from else 'created'}",
        "when": facts.made_at,
        "digitalSourceType": metadata.SOURCE_TYPES + facts.source_type,
        "softwareAgent": {"name": facts.model},
        "parameters": {"provider": facts.provider, "organisation": facts.organisation},
    }
    if wraps:
        done["action"] = "c2pa.edited.metadata"
    opened = {"action": "c2pa.opened", "parameters": {"ingredientIds": ["0"]}}
    actions = [opened, done] if is_made_from else [done]
    if facts.did == "resized":
        actions.append({"action": "c2pa.resized"})
    if facts.label:
        labelled = {"description": f"Visible label: {facts.label}"}
        actions.append({"action": "c2pa.edited", "parameters": labelled})
    return {
        "claim_generator_info": [{"name": "Tale", "version": facts.version or "0"}],
        "title": facts.picture,
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": actions}}],
    }


def _sign(
    picture: bytes,
    definition: dict[str, Any],
    sources: Sequence[bytes],
    signer: Mapping[str, Any],
) -> bytes:
    media_type = containers.media_type_of(picture)
    chain, key = signer["chain"].encode(), signer["key"].encode()
    info = c2pa.C2paSignerInfo(signer["alg"].encode(), chain, key, None)
    signed = io.BytesIO()
    with (
        c2pa.Builder({**definition, "format": media_type}, context=_context(signer)) as builder,
        c2pa.Signer.from_info(info) as pen,
    ):
        for place, source in enumerate(sources):
            of_type = containers.media_type_of(source)
            relation = "inputTo" if place else "parentOf"  # one parent at most
            said = {"label": str(place), "relationship": relation, "format": of_type}
            builder.add_ingredient(json.dumps(said), of_type, io.BytesIO(source))
        builder.sign(pen, media_type, io.BytesIO(picture), signed)
    return signed.getvalue()


def _look(picture: bytes, signer: Mapping[str, Any]) -> dict[str, Any]:
    media_type = containers.media_type_of(picture)
    unsigned = metadata.source_type_in(picture)
    try:
        with c2pa.Reader(media_type, io.BytesIO(picture), context=_context(signer)) as reader:
            found = json.loads(reader.json())
    except c2pa.C2paError.ManifestNotFound:
        return _credentials(present=False, source_type=unsigned)
    except c2pa.C2paError as broken:
        return _credentials(problems=[str(broken).partition(":")[0]], source_type=unsigned)
    manifests = found.get("manifests", {})
    active = manifests.get(found.get("active_manifest", ""), {})
    state = found.get("validation_state")
    signature = active.get("signature_info") or {}
    generator = (active.get("claim_generator_info") or [{}])[0]
    action = _stated(active, manifests)
    return _credentials(
        valid=state in ("Valid", "Trusted"),
        ours=state == "Trusted" and signature.get("cert_serial_number") in signer["serials"],
        issuer=signature.get("issuer") or "",
        source_type=metadata.short(action.get("digitalSourceType", "")),
        tool=generator.get("name") or active.get("claim_generator") or "",
        made_at=action.get("when") or "",
        picture=active.get("title") or "",
        problems=[problem.get("code", "") for problem in found.get("validation_status") or []],
    )


def _credentials(**found: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("issuer", "source_type", "tool", "made_at", "picture"), "")
    return {"present": True, "valid": False, "ours": False, "problems": [], **empty, **found}


def _stated(manifest: Mapping[str, Any], others: Mapping[str, Any]) -> Mapping[str, Any]:
    """The last action that names a source; else that of what the picture was opened from."""
    for _ in range(DEEPEST):
        for assertion in manifest.get("assertions", []):
            if not str(assertion.get("label", "")).startswith("c2pa.actions"):
                continue
            for action in reversed(assertion.get("data", {}).get("actions", [])):
                if action.get("digitalSourceType"):
                    stated: Mapping[str, Any] = action
                    return stated
        parents = [
            ingredient.get("active_manifest", "")
            for ingredient in manifest.get("ingredients", [])
            if ingredient.get("relationship") == "parentOf"
        ]
        manifest = others.get(parents[0], {}) if parents else {}
    return {}

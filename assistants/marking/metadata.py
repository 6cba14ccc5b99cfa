"""What a picture says of itself in plain fields: XMP, and IPTC where the format has a place.

No prompt and no person: a file travels further than either should.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

from assistants.marking import containers

SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
TRAINED = frozenset({"trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"})
ARTIFICIAL = TRAINED | {"algorithmicMedia", "algorithmicallyEnhanced", "compositeSynthetic"}
NAMESPACES = {
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
}
END = b"</rdf:RDF>"
PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">{}</rdf:RDF>'
    '</x:xmpmeta><?xpacket end="w"?>'
)
# A value is an attribute, an element's text or a resource, as each writer likes.
FOUND = re.compile(rb"""DigitalSourceType[^<>]{0,60}?[>"'](https?:[^"'<\s]{1,200})""")
# Fields of a record in the older IPTC: 2:<number>, at most so many bytes.
CODED_UTF8 = b"\x1c\x01\x5a\x00\x03\x1b%G"
PROGRAM, CREDIT, SOURCE = (65, 32), (110, 32), (115, 32)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is true of one picture. `did`: created, edited, resized, transcoded."""

    picture: str
    organisation: str
    provider: str
    model: str
    made_at: str
    source_type: str  # trainedAlgorithmicMedia, …; a rendition has that of its original
    did: str = "created"
    version: str = ""
    statement: str = ""  # where anybody may read of it
    label: str = ""  # what was written into the picture


def source_type_in(content: bytes) -> str:
    """As its XMP says, unsigned: anybody may have written it."""
    found = FOUND.search(containers.xmp_of(containers.split(content)))
    return short(found[1].decode("ascii", "replace")) if found else ""


def short(source_type: str) -> str:
    return source_type.rstrip("/").rpartition("/")[2]


def when_edited(source_type: str, before: Iterable[str]) -> str:
    """Of what was made by a model of this type from pictures of those."""
    trained = not TRAINED.isdisjoint({source_type, *before})
    return "compositeWithTrainedAlgorithmicMedia" if trained else "algorithmicallyEnhanced"


def write(content: bytes, facts: Facts) -> bytes:
    whole = containers.split(content)
    packet = _merged(containers.xmp_of(whole), _properties(facts))
    return containers.join(containers.with_iptc(containers.with_xmp(whole, packet), _iptc(facts)))


def _properties(facts: Facts) -> dict[str, str]:
    maker = f"{facts.provider} {facts.model}".strip()
    said = {
        "Iptc4xmpExt:DigitalSourceType": SOURCE_TYPES + facts.source_type,
        "dc:identifier": facts.picture,
        "photoshop:Credit": facts.organisation,
        "xmp:CreateDate": facts.made_at,
        "xmp:CreatorTool": f"Tale, {maker}",
    }
    if facts.statement:
        said["xmpRights:WebStatement"] = facts.statement
    if facts.source_type in TRAINED:
        said["Iptc4xmpExt:AISystemUsed"] = maker
    return said


def _merged(packet: bytes, properties: Mapping[str, str]) -> bytes:
    """What a provider wrote stays, unless it denies what the picture is."""
    found = FOUND.search(packet)
    denies = found and short(found[1].decode("ascii", "replace")) not in ARTIFICIAL
    before, end, after = packet.rpartition(END)
    if end and not denies:
        missing = {name: properties[name] for name in properties if name.encode() not in packet}
        merged = before + _description(missing).encode() + end + after
        if len(merged) + len(containers.JPEG_XMP) <= containers.LONGEST_SEGMENT:
            return merged
    return PACKET.format(_description(properties)).encode()


def _description(properties: Mapping[str, str]) -> str:
    spaces = {name.partition(":")[0] for name in properties}
    named = [f'xmlns:{space}="{NAMESPACES[space]}"' for space in sorted(spaces)]
    said = [f"{name}={quoteattr(_plain(value))}" for name, value in properties.items()]
    return f'<rdf:Description rdf:about="" {" ".join((*named, *said))}/>'


def _plain(text: str) -> str:
    """XML has no place for control characters, not even escaped."""
    return "".join(letter for letter in text if letter.isprintable())[:500]


def _iptc(facts: Facts) -> bytes:
    said = {PROGRAM: "Tale", CREDIT: facts.organisation, SOURCE: facts.provider}
    return CODED_UTF8 + b"".join(_record(*field, text) for field, text in said.items())


def _record(number: int, longest: int, text: str) -> bytes:
    data = _plain(text).encode()[:longest].decode("utf-8", "ignore").encode()
    return struct.pack(">BBBH", 0x1C, 2, number, len(data)) + data

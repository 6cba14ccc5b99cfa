"""A picture on its way to somebody who may see it: which file, whole or a part, under what name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote

from django.conf import settings
from django.core.files.storage import storages
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseNotModified,
    HttpResponseRedirect,
    QueryDict,
)
from django.utils.http import parse_etags
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from assistants import renditions, spool
from assistants.models import Artifact, Rendition
from tale.lib.aio import in_db
from tale.lib.refusals import Refusal, filled

VARIANTS, DOWNLOADS = tuple(renditions.SIDES), tuple(renditions.FORMATS)
LINK_S = 60
LONGEST_NAME = 60
SUFFIXES = {media_type: suffix for suffix, media_type in renditions.FORMATS.items()}
# A picture opened by its address is no page of ours and runs nothing.
SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'"
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


class Asked(NamedTuple):
    """At most one of them."""

    variant: str = ""
    download: str = ""


def asked_in(query: QueryDict) -> Asked:
    for name, values in query.lists():
        if name not in Asked._fields:
            raise Refusal("unknown_parameter", field=name[:80])
        if len(values) > 1:
            raise Refusal("duplicate_field", field=name)
    return checked({name: str(value) for name, value in query.items()})


def checked(query: Mapping[str, str]) -> Asked:
    if len(query) > 1:
        text = _("Ask for `variant` or for `download`, not for both.")
        raise Refusal("incompatible_parameters", text, field="download")
    for name, choices in (("variant", VARIANTS), ("download", DOWNLOADS)):
        if name in query and query[name] not in choices:
            raise Refusal("invalid_choice", field=name, choices=list(choices))
    return Asked(**query)


async def deliver(request: HttpRequest, artifact: Artifact, asked: Asked) -> HttpResponse:
    """For a browser: it may keep the picture and asks each time whether it still may show it."""
    file = await renditions.of(artifact, asked.variant or asked.download)
    is_ours = _is_known(request, file) or spool.holds(file.path)
    if settings.TALE_DELIVERY == "link" and not is_ours:
        answer: HttpResponse = HttpResponseRedirect(await in_db(_link, artifact, file, asked))
    elif settings.TALE_DELIVERY == "accel" and not is_ours:
        answer = HttpResponse(headers=_headers_of(artifact, file, asked))
        answer.headers["X-Accel-Redirect"] = settings.TALE_ACCEL_PREFIX + quote(file.path)
    else:
        answer = await _handed(request, artifact, file, asked)
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Content-Security-Policy"] = SANDBOX
    return answer


async def hand_out(request: HttpRequest, artifact: Artifact, asked: Asked) -> HttpResponse:
    """For a program: its bytes come from here, wherever the files lie."""
    file = await renditions.of(artifact, asked.variant or asked.download)
    return await _handed(request, artifact, file, asked)


async def _handed(
    request: HttpRequest, artifact: Artifact, file: Artifact | Rendition, asked: Asked
) -> HttpResponse:
    """Whole, in part, or nothing where they have it."""
    if _is_known(request, file):
        return HttpResponseNotModified(headers={"ETag": _etag(file)})
    content = await in_db(file.get_bytes)
    return _part(request, file, content, _headers_of(artifact, file, asked))


def _headers_of(artifact: Artifact, file: Artifact | Rendition, asked: Asked) -> dict[str, str]:
    return {
        "Content-Type": file.media_type,
        "Content-Disposition": _disposition(artifact, file, asked),
        "ETag": _etag(file),
    }


def _disposition(artifact: Artifact, file: Artifact | Rendition, asked: Asked) -> str:
    """A name that speaks: in ASCII for the old, as it is written for everybody else."""
    suffix = SUFFIXES[file.media_type]
    if not asked.download:
        return f'inline; filename="{artifact.pk}.{suffix}"'
    plain, spoken = (
        slugify(artifact.alt, allow_unicode=is_spoken)[:LONGEST_NAME].strip("-_") or artifact.pk
        for is_spoken in (False, True)
    )
    named = f"filename*=UTF-8''{quote(spoken, safe='')}.{suffix}"
    return f'attachment; filename="{plain}.{suffix}"; {named}'


def _part(
    request: HttpRequest, file: Artifact | Rendition, content: bytes, headers: dict[str, str]
) -> HttpResponse:
    headers = {**headers, "Accept-Ranges": "bytes"}
    wanted = _RANGE.fullmatch(request.headers.get("Range", ""))
    unchanged = request.headers.get("If-Range", _etag(file)) == _etag(file)
    if wanted is None or wanted.groups() == ("", "") or not unchanged or request.method != "GET":
        return HttpResponse(content, headers=headers)
    first, last = _bounds(*wanted.groups(), size=len(content))
    if first > last:
        text = _("This file has %(size)s bytes. Ask for a range that begins within them.")
        said = filled(text, {"size": len(content)})
        refusal = Refusal("invalid_range", said, field="Range", size=len(content))
        refusal.status = 416
        raise refusal
    headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
    return HttpResponse(content[first : last + 1], status=206, headers=headers)


def _bounds(first: str, last: str, *, size: int) -> tuple[int, int]:
    """`-500` is the last 500 bytes. What begins behind the end, or ends before it begins, is
    nothing."""
    if not first:
        length = min(int(last), size)
        return (size - length, size - 1) if length else (1, 0)
    start = int(first)
    end = min(int(last), size - 1) if last else size - 1
    return (start, end) if start < size else (1, 0)


def _is_known(request: HttpRequest, file: Artifact | Rendition) -> bool:
    tags = parse_etags(request.headers.get("If-None-Match", ""))
    return tags == ["*"] or _etag(file) in [tag.removeprefix("W/") for tag in tags]


def _link(artifact: Artifact, file: Artifact | Rendition, asked: Asked) -> str:
    """Good for a minute, for this file alone; the store answers as we would have."""
    said = _headers_of(artifact, file, asked)
    named = {
        "ResponseContentType": said["Content-Type"],
        "ResponseContentDisposition": said["Content-Disposition"],
        "ResponseCacheControl": "private, no-cache",
    }
    store: object = storages["default"]
    link: str = store.url(file.path, parameters=named, expire=LINK_S)  # type: ignore[attr-defined]
    return link


def _etag(file: Artifact | Rendition) -> str:
    return f'"{file.sha256}"'

"""Forms with files, as strict as our JSON: every part whole, within its limit, and named once.

What Django's own reading of them lets pass is refused: a form without its end, bytes that are no
text, a field sent twice. Names of files are titles: nothing is ever stored under one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, QueryDict, UnreadablePostError
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from django.utils.http import parse_header_parameters
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.parsers import BaseParser

from tale.lib.refusals import TYPE_TEXTS, Refusal

MIB = 2**20
MOST_FILE_BYTES = 20 * MIB
MOST_BYTES = 64 * MIB  # of all files of a form: they are held in memory
_TAIL = 256
_HALF_OR_NUL = re.compile(r"[\x00\ud800-\udfff\ufffd]")


@dataclass(frozen=True, slots=True)
class Sent:
    """A file of a form. What it says its type is, nobody asks."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Form:
    fields: dict[str, list[str]]
    files: dict[str, list[Sent]]


def read_form(request: HttpRequest) -> Form:
    """Blocks while it reads: not for the event loop."""
    boundary = _boundary(request.headers.get("Content-Type", ""))
    told = request.headers.get("Content-Length", "")
    if told.isdecimal() and int(told) > MOST_BYTES + MIB:
        raise Refusal("request_too_large", limit_bytes=MOST_BYTES)
    stream, files = _Watched(request), _Files()
    try:
        parser = MultiPartParser(request.META, stream, [files], "utf-8")  # type: ignore[arg-type]
        fields, _none = parser.parse()
    except MultiPartParserError as wrong:
        raise Refusal("invalid_multipart") from wrong
    except TooManyFilesSent as many:
        raise Refusal("too_many_files") from many
    except TooManyFieldsSent as many:
        raise Refusal("too_many_items") from many
    except RequestDataTooBig as large:
        raise Refusal("request_too_large") from large
    except UnreadablePostError as cut:
        raise Refusal("incomplete_body") from cut
    if b"--" + boundary + b"--" not in stream.tail:
        raise Refusal("invalid_multipart", _("This form has no end. Send it again, whole."))
    return Form(_texts(fields), files.sent)


class _Watched:
    """Remembers what was read last: a form ends by saying so."""

    def __init__(self, request: IO[bytes] | HttpRequest) -> None:
        self.request = request
        self.tail = b""

    def read(self, size: int = -1) -> bytes:
        content = self.request.read(size)
        self.tail = (self.tail + content[-_TAIL:])[-_TAIL:]
        return content


class _Files(FileUploadHandler):
    def __init__(self) -> None:
        super().__init__()
        self.sent: dict[str, list[Sent]] = {}
        self.parts: list[bytes] = []
        self.size = self.whole = 0

    def new_file(self, *args: Any, **options: Any) -> None:
        super().new_file(*args, **options)
        self.parts, self.size = [], 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.size += len(raw_data)
        self.whole += len(raw_data)
        if self.size > MOST_FILE_BYTES:
            raise Refusal(
                "file_too_large", field=self.field_name or "", limit_bytes=MOST_FILE_BYTES
            )
        if self.whole > MOST_BYTES:
            raise Refusal("request_too_large", limit_bytes=MOST_BYTES)
        self.parts.append(raw_data)

    def file_complete(self, file_size: int) -> None:
        file = Sent(self.file_name or "", b"".join(self.parts))
        self.sent.setdefault(self.field_name or "", []).append(file)
        self.parts = []


class MultipartParser(BaseParser):
    """For a view of the native API: each name once, a text or a `Sent`."""

    media_type = "multipart/form-data"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        form = read_form(stream)  # type: ignore[arg-type]  # DRF hands the request on
        parts: dict[str, Any] = {}
        every: list[tuple[str, list[Any]]] = [*form.fields.items(), *form.files.items()]
        for name, values in every:
            if len(values) > 1 or name in parts:
                raise Refusal("duplicate_field", _("This field is sent twice."), field=name[:80])
            parts[name] = values[0]
        return parts


class SentField(serializers.FileField):
    default_error_messages = {"invalid_type": TYPE_TEXTS["file"]}

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, Sent):
            self.fail("invalid_type")
        return data


def _boundary(content_type: str) -> bytes:
    media_type, parameters = parse_header_parameters(content_type)
    if media_type != "multipart/form-data":
        raise Refusal("unsupported_media_type", _("Send this as multipart/form-data."))
    if not parameters.get("boundary"):
        raise Refusal("invalid_multipart")
    return str(parameters["boundary"]).encode("ascii", "replace")


def _texts(fields: QueryDict) -> dict[str, list[str]]:
    found = {name: [str(value) for value in values] for name, values in fields.lists()}
    for name, values in found.items():
        if any(map(_HALF_OR_NUL.search, (name, *values))):
            message = _("NUL and half characters are not text.")
            raise Refusal("invalid_characters", message, field=name[:80])
    return found

"""A refusal in the words of the API that was called. `envelope` knows the three dialects."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions as drf
from rest_framework.serializers import as_serializer_error
from rest_framework.settings import api_settings
from rest_framework.views import APIView

from tale.api.faces import Face, face_of
from tale.lib.causes import refusal_of
from tale.lib.refusals import STATUS_OF, TEXT_OF, Refusal, Text, filled
from tale.witness import witness

Body = dict[str, Any]
Answer = TypeVar("Answer", bound=HttpResponse)


class Envelope(NamedTuple):
    status: int
    body: Body
    headers: dict[str, str]


def envelope(refusal: Refusal, face: Face, request_id: str) -> Envelope:
    headers = headers_of(refusal)
    if refusal.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if _is_final(refusal):
        headers |= FINAL
    match face:
        case Face.NATIVE:
            return Envelope(refusal.status, _native(refusal, request_id), headers)
        case Face.OPENAI:
            return Envelope(refusal.status, {"error": _openai(refusal)}, headers)
        case Face.MISTRAL:
            return Envelope(*_mistral(refusal), headers)


def headers_of(refusal: Refusal) -> dict[str, str]:
    """What people and machines are told alike."""
    headers = {"X-Error-Code": refusal.code}
    if refusal.retry_after_s:
        headers["Retry-After"] = str(refusal.retry_after_s)
    if refusal.status == 416:
        headers["Content-Range"] = f"bytes */{refusal.details['size']}"
    return headers


# Client libraries repeat a 429 and any 5xx by themselves; this header stops them. A wire sends it
# with every answer after money may have moved.
FINAL = {"x-should-retry": "false"}


def _is_final(refusal: Refusal) -> bool:
    return refusal.code == "budget_exceeded" or refusal.code.startswith(("provider_", "storage_"))


def respond(refusal: Refusal, face: Face, request_id: str) -> JsonResponse:
    status, body, headers = envelope(refusal, face, request_id)
    response = JsonResponse(body, DjangoJSONEncoder, status=status, headers=headers)
    return foreseen(response, refusal)


def foreseen(response: Answer, refusal: Refusal) -> Answer:
    """Django logs every 5xx as an error; what was foreseen is none."""
    if refusal.code != "internal_error":
        response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _native(refusal: Refusal, request_id: str) -> Body:
    error = {
        "code": refusal.code,
        "message": str(refusal.message),
        "field": refusal.field or None,
        "request_id": request_id,
        "details": refusal.details,
    }
    return {"error": error}


def _openai(refusal: Refusal) -> Body:
    return {
        "message": str(refusal.message),
        "type": _openai_type(refusal),
        "param": refusal.field or None,
        "code": _openai_code(refusal),
    }


_OPENAI_CODES = {
    "budget_exceeded": "insufficient_quota",
    "rate_limited": "rate_limit_exceeded",
    "content_policy": "moderation_blocked",
    "image_generation_off": "image_generation_disabled",
    "invalid_choice": "invalid_value",
    "required": "missing_required_parameter",
    "unknown_field": "unknown_parameter",
}
_OPENAI_TYPES = {
    "budget_exceeded": "insufficient_quota",
    "rate_limited": "requests",
    "content_policy": "image_generation_user_error",
}


def _openai_code(refusal: Refusal) -> str:
    if refusal.code == "out_of_range" and _last_name(refusal.field) == "n":
        below = refusal.details.get("bound") == "minimum"
        return "integer_below_min_value" if below else "integer_above_max_value"
    return _OPENAI_CODES.get(refusal.code, refusal.code)


def _openai_type(refusal: Refusal) -> str:
    fallback = "server_error" if refusal.status >= 500 else "invalid_request_error"
    return _OPENAI_TYPES.get(refusal.code, fallback)


def _mistral(refusal: Refusal) -> tuple[int, Body]:
    """Its clients raise a validation error of their own for a 422 with this list, for nothing
    else: a wrong field is therefore a 422 here, whatever its status elsewhere."""
    if refusal.status == 422 or (refusal.status == 400 and refusal.field):
        wrong = {
            "loc": ["body", *_steps(refusal.field)],
            "msg": str(refusal.message),
            "type": refusal.code,
        }
        return 422, {"detail": [wrong]}
    return refusal.status, {"object": "error", **_openai(refusal), "code": refusal.code}


def _steps(path: str) -> Iterator[str | int]:
    """`tools[0].size` is tools, 0, size."""
    for step in path.replace("[", ".").replace("]", "").split("."):
        if step:
            yield int(step) if step.isdecimal() else step


def _last_name(path: str) -> str:
    return path.rpartition(".")[2]


def handle(exception: Exception, context: Mapping[str, Any]) -> HttpResponseBase | None:
    """DRF's EXCEPTION_HANDLER. None: a bug, which Django logs and tale.edges answers."""
    refusal = _of_drf(exception, context["view"]) or refusal_of(exception)
    if refusal is None:
        return None
    request = context["request"]._request
    witness(request, refusal)
    face = face_of(request.path) or Face.NATIVE
    return respond(refusal, face, getattr(request, "request_id", ""))


def _of_drf(exception: Exception, view: APIView) -> Refusal | None:
    match exception:
        case drf.UnsupportedMediaType():
            taken = ", ".join(parser.media_type for parser in view.parser_classes)
            text = _("Send this as %(type)s.")
            return Refusal("unsupported_media_type", filled(text, {"type": taken}))
        case drf.ValidationError() | DjangoValidationError():
            return _of_fields(exception)
        case drf.NotAuthenticated():
            return Refusal("unauthenticated")
        case drf.AuthenticationFailed() | drf.PermissionDenied():
            fallback = "unauthenticated" if exception.status_code == 401 else "forbidden"
            code = exception.get_codes()
            return Refusal(code if isinstance(code, str) and code in STATUS_OF else fallback)
        case drf.Throttled():
            return Refusal("rate_limited", retry_after_s=int(getattr(exception, "wait", None) or 1))
        case drf.APIException():
            return Refusal(_DRF_CODES[type(exception)]) if type(exception) in _DRF_CODES else None
    return None


_DRF_CODES: dict[type[drf.APIException], str] = {
    drf.NotFound: "not_found",
    drf.MethodNotAllowed: "method_not_allowed",
    drf.NotAcceptable: "not_acceptable",
    drf.ParseError: "invalid_json",
}


# Fields: what DRF and Django call a fault, and what we call it.
_FIELD_CODES = {
    "null": "null_not_allowed",
    "invalid": "invalid_value",
    "incorrect_type": "invalid_type",
    "not_a_list": "invalid_type",
    "not_a_dict": "invalid_type",
    "empty": "required",
    "max_length": "too_long",
    "max_string_length": "too_long",
    "min_length": "out_of_range",
    "max_value": "out_of_range",
    "min_value": "out_of_range",
    "max_whole_digits": "out_of_range",
    "max_digits": "too_many_decimals",
    "max_decimal_places": "too_many_decimals",
    "null_characters_not_allowed": "invalid_characters",
    "surrogate_characters_not_allowed": "invalid_characters",
    "date": "invalid_date",
    "datetime": "invalid_date",
    "unique": "already_exists",
    "does_not_exist": "not_found",
}
_BOUNDS = {"max_value": "maximum", "min_value": "minimum", "min_length": "minimum"}
Fault = tuple[str, str, Text]  # path, code, message


def _of_fields(exception: drf.ValidationError | DjangoValidationError) -> Refusal:
    faults = list(_faults(as_serializer_error(exception), "")) or [("", "invalid", "")]
    field, theirs, message = faults[0]
    named = [
        {"field": path or None, "code": _ours(code), "message": str(_said(code, said))}
        for path, code, said in faults
    ]
    details: Body = {"fields": named}
    if theirs in _BOUNDS:
        details["bound"] = _BOUNDS[theirs]
    return Refusal(_ours(theirs), _said(theirs, message), field=field, **details)


def _faults(detail: Any, path: str) -> Iterator[Fault]:
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            whole = name == api_settings.NON_FIELD_ERRORS_KEY
            below = path if whole else f"[{name}]" if isinstance(name, int) else f".{name}"
            yield from _faults(inner, path if whole else f"{path}{below}".lstrip("."))
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            # A list of texts is what is wrong with one field; of anything else, a list of fields.
            leaf = isinstance(inner, str)
            yield from _faults(inner, path if leaf else f"{path}[{index}]")
    else:
        yield path, getattr(detail, "code", None) or "invalid", str(detail)


def _ours(code: str) -> str:
    return code if code in STATUS_OF else _FIELD_CODES.get(code, "invalid_value")


def _said(code: str, message: Text) -> Text:
    """DRF names the id that does not exist; foreign and unknown must read the same."""
    return TEXT_OF["not_found"] if _ours(code) == "not_found" else message

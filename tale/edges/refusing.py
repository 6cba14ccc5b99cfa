"""Every "no" leaves by `answer`, whoever said it: a view, Django, the resolver, the database.

    raised in a view          process_exception, below
    raised around a view      handler400 … handler500 (tale.urls names them)
    answered without reason   the middleware itself: 405, a bare 403, an unknown path
    of a DRF view             tale.api.errors.handle
A bug passes: Django logs it with its stack, and handler500 answers.
"""

import sys

import structlog
from asgiref.sync import iscoroutinefunction, sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.utils.decorators import sync_and_async_middleware

from tale.api.faces import face_of
from tale.edges.answers import answer
from tale.edges.both import Handler
from tale.lib.causes import refusal_of
from tale.lib.refusals import Refusal
from tale.witness import witness

log = structlog.get_logger(__name__)
_CODES = {
    400: "invalid_payload",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "request_too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
    500: "internal_error",
}


@sync_and_async_middleware
def refusals(get_response: Handler) -> Handler:
    if iscoroutinefunction(get_response):

        async def on_loop(request: HttpRequest) -> HttpResponseBase:
            response: HttpResponseBase = await get_response(request)
            refusal = _unexplained(request, response)
            if refusal is None:
                return response
            return await sync_to_async(_instead)(request, response, refusal)

        on_loop.process_exception = process_exception  # type: ignore[attr-defined]
        return on_loop

    def on_thread(request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = get_response(request)
        refusal = _unexplained(request, response)
        return response if refusal is None else _instead(request, response, refusal)

    on_thread.process_exception = process_exception  # type: ignore[attr-defined]
    return on_thread


def process_exception(request: HttpRequest, exception: Exception) -> HttpResponse | None:
    refusal = _understood(exception)
    if refusal is None:
        return None
    witness(request, refusal)
    return answer(request, refusal)


def handler400(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, _understood(exception) or Refusal("invalid_payload"))


def handler403(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, _understood(exception) or Refusal("forbidden"))


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, Refusal("not_found"))


def handler500(request: HttpRequest) -> HttpResponse:
    """Django says not what was raised, but calls this while handling it."""
    return answer(request, _understood(sys.exc_info()[1]) or Refusal("internal_error"))


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    refusal = Refusal("csrf_failed")
    witness(request, refusal)
    return answer(request, refusal)


def _understood(exception: BaseException | None) -> Refusal | None:
    refusal = refusal_of(exception)
    if refusal is not None and refusal.status >= 500 and refusal is not exception:
        log.warning("unavailable", code=refusal.code, broken=str(exception)[:300])
    return refusal


def _unexplained(request: HttpRequest, response: HttpResponseBase) -> Refusal | None:
    """What somebody answered who does not know how we say no."""
    status = response.status_code
    if status not in _CODES or "X-Error-Code" in response.headers:
        return None
    if isinstance(response, HttpResponseNotAllowed) or request.resolver_match is None:
        return Refusal(_CODES[status])
    is_json = "json" in response.headers.get("Content-Type", "")
    empty = not response.streaming and not getattr(response, "content", b"")
    return Refusal(_CODES[status]) if empty or (face_of(request.path) and not is_json) else None


def _instead(
    request: HttpRequest, response: HttpResponseBase, refusal: Refusal
) -> HttpResponseBase:
    ours = answer(request, refusal)
    if "Allow" in response.headers:
        ours.headers["Allow"] = response.headers["Allow"]
    ours.cookies.update(response.cookies)
    return ours

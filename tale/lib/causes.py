"""What Django's own exceptions mean to the one who asked."""

from django.core.exceptions import (
    BadRequest,
    DisallowedHost,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.db import InterfaceError, InternalError, OperationalError
from django.http import Http404, UnreadablePostError
from django.http.multipartparser import MultiPartParserError

from tale.lib.refusals import Refusal

DATABASE_RETRY_S = 5

# The first that fits: the special ones stand before the classes they come from.
_CODES: tuple[tuple[type[Exception], str], ...] = (
    (Http404, "not_found"),
    (PermissionDenied, "forbidden"),
    (RequestDataTooBig, "request_too_large"),
    (TooManyFieldsSent, "too_many_items"),
    (TooManyFilesSent, "too_many_files"),
    (DisallowedHost, "invalid_host"),
    (UnreadablePostError, "incomplete_body"),
    (MultiPartParserError, "invalid_multipart"),
    (SuspiciousOperation, "invalid_payload"),
    (BadRequest, "invalid_payload"),
)


def refusal_of(exception: BaseException | None) -> Refusal | None:
    """None: nobody foresaw this, so it is a bug."""
    if isinstance(exception, Refusal):
        return exception
    # InternalError: it ended a transaction that waited for too long, or takes no writes just now.
    if isinstance(exception, OperationalError | InterfaceError | InternalError):
        return Refusal("database_unavailable", retry_after_s=DATABASE_RETRY_S)
    for kind, code in _CODES:
        if isinstance(exception, kind):
            return Refusal(code)
    return None

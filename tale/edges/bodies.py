"""How much of a request is read at all, before Django reads any of it.

Django keeps a whole body before it asks who sent it: without this, anybody fills the disk. What is
too large is cut off here, declared or not, and the request goes on without it: to the last
middleware, which says so in the words of whoever was called.

Views have narrower limits of their own and come first where they can, after the key was looked at:
here is room for a little more than they take.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from tale.edges.both import Handler
from tale.edges.refusing import process_exception
from tale.lib.multipart import MIB, MOST_BYTES
from tale.lib.refusals import Refusal

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

TOO_LARGE = "tale.body_too_large"  # in the scope: how much would have been taken
END: Message = {"type": "http.request", "body": b"", "more_body": False}


class Bound(NamedTuple):
    told: int
    read: int


def bounded(app: App) -> App:
    async def inner(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            receive = _Body(scope, receive).receive
        await app(scope, receive, send)

    return inner


class _Body:
    def __init__(self, scope: Message, receive: Receive) -> None:
        self.scope, self.from_server = scope, receive
        headers = dict(scope["headers"])
        self.bound = _bound_of(headers.get(b"content-type", b""))
        declared = headers.get(b"content-length", b"")
        self.came = 0
        self.is_cut = declared.isdigit() and int(declared) > self.bound.read
        self.is_told = False

    async def receive(self) -> Message:
        while not self.is_cut:
            message = await self.from_server()
            self.came += len(message.get("body", b""))
            if self.came <= self.bound.read:
                return message
            self.is_cut = True
        if not self.is_told:
            self.is_told, self.scope[TOO_LARGE] = True, self.bound.told
            return END
        return await self._rest()

    async def _rest(self) -> Message:
        """Thrown away while the answer is made, so that who still sends gets to read it."""
        while True:
            message = await self.from_server()
            if message["type"] != "http.request":
                return message


def _bound_of(content_type: bytes) -> Bound:
    if content_type.lower().startswith(b"multipart/form-data"):
        return Bound(MOST_BYTES, MOST_BYTES + 2 * MIB)
    return Bound(settings.TALE_BODY_BYTES, settings.TALE_BODY_BYTES + MIB)


@sync_and_async_middleware
def body_too_large(get_response: Handler) -> Handler:
    """The last one: by now it is known who asks, and in which language."""
    if iscoroutinefunction(get_response):

        async def on_loop(request: HttpRequest) -> HttpResponseBase:
            if (refusal := _refusal(request)) is not None:
                return await sync_to_async(_answered)(request, refusal)
            response: HttpResponseBase = await get_response(request)
            return response

        return on_loop

    def on_thread(request: HttpRequest) -> HttpResponseBase:
        if (refusal := _refusal(request)) is not None:
            return _answered(request, refusal)
        response: HttpResponseBase = get_response(request)
        return response

    return on_thread


def _refusal(request: HttpRequest) -> Refusal | None:
    most = getattr(request, "scope", {}).get(TOO_LARGE)
    return Refusal("request_too_large", limit_bytes=most) if most is not None else None


def _answered(request: HttpRequest, refusal: Refusal) -> HttpResponseBase:
    response = process_exception(request, refusal)
    assert response is not None  # a refusal is always understood
    return response

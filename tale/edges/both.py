"""A middleware of both colours: on the loop it holds no thread while the view waits."""

from collections.abc import Callable
from typing import Any, TypeAlias

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

Handler: TypeAlias = Callable[[HttpRequest], Any]
Before: TypeAlias = Callable[[HttpRequest], None]
After: TypeAlias = Callable[[HttpRequest, HttpResponseBase], HttpResponseBase]


def around(before: Before, after: After) -> Callable[[Handler], Handler]:
    """Neither step may wait or ask the database: they run on the loop."""

    @sync_and_async_middleware
    def factory(get_response: Handler) -> Handler:
        if iscoroutinefunction(get_response):

            async def on_loop(request: HttpRequest) -> HttpResponseBase:
                before(request)
                return after(request, await get_response(request))

            return on_loop

        def on_thread(request: HttpRequest) -> HttpResponseBase:
            before(request)
            return after(request, get_response(request))

        return on_thread

    return factory

"""Every address that answers, read from the URL resolver, with the methods it takes.

Nobody has to register a route here: what the resolver knows, this finds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
_GROUP = re.compile(r"\(\?P<(\w+)>[^()]*\)")


class Route(NamedTuple):
    name: str
    pattern: str
    methods: tuple[str, ...]
    view: Callable[..., Any]

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(_PARAMETER.findall(self.pattern))

    def path(self, ids: dict[str, Any]) -> str:
        """A thing that has one id fills the one parameter, whatever that is called."""
        return "/" + _PARAMETER.sub(
            lambda found: str(ids[found[1]] if found[1] in ids else ids["pk"]), self.pattern
        )


def every_route(urlconf: Any = None) -> dict[str, Route]:
    """By name. A route without one is called by its pattern, as is the second of one name."""
    routes: dict[str, Route] = {}
    for name, pattern, view in _walk(get_resolver(urlconf)):
        name = name if name and name not in routes else f"/{pattern}"
        routes[name] = Route(name, pattern, methods_of(view), view)
    return routes


def _walk(
    resolver: URLResolver, before: str = "", space: str = ""
) -> Iterator[tuple[str, str, Callable[..., Any]]]:
    for found in resolver.url_patterns:
        pattern = before + _plain(found)
        if isinstance(found, URLResolver):
            inner = f"{space}{found.namespace}:" if found.namespace else space
            yield from _walk(found, pattern, inner)
        else:
            yield f"{space}{found.name}" if found.name else "", pattern, found.callback


def _plain(found: URLPattern | URLResolver) -> str:
    """A regular expression, written as a path."""
    pattern = str(found.pattern)
    if isinstance(found.pattern, RegexPattern):
        return _GROUP.sub(r"<\1>", pattern).strip("^$")
    return pattern


def methods_of(view: Callable[..., Any]) -> tuple[str, ...]:
    kind = getattr(view, "cls", None) or getattr(view, "view_class", None)
    if kind is not None:
        taken = getattr(view, "actions", None) or kind.http_method_names
        return tuple(name for name in METHODS if name.lower() in taken and _has(kind, name, view))
    return tuple(name for name in METHODS if name in (_required(view) or ("GET", "POST")))


def _has(kind: type, method: str, view: Callable[..., Any]) -> bool:
    """Django's form views take PUT as if it were POST, and read nothing from it."""
    handler = getattr(kind, method.lower(), None)
    is_echo = method == "PUT" and getattr(handler, "__module__", "").startswith("django.views")
    return bool(getattr(view, "actions", None)) or (handler is not None and not is_echo)


def _required(view: Callable[..., Any] | None) -> list[str] | None:
    """What `require_http_methods` was given; it keeps that in the closure of its wrapper."""
    while view is not None:
        names = getattr(getattr(view, "__code__", None), "co_freevars", ())
        if "request_method_list" in names:
            cells: Any = getattr(view, "__closure__", ())
            listed: list[str] = cells[names.index("request_method_list")].cell_contents
            return listed
        view = getattr(view, "__wrapped__", None)
    return None

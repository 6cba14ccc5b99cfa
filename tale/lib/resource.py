"""One address of the native API: a class of operations, each with its contract beside it.

    class TeamDetail(Resource):
        @operation("Rename a team", right="manage_teams", takes=TeamSerializer, gives=…)
        def patch(self, request: Request, pk: str) -> Response: ...

When the function runs, the key is known and within its rate, its owner may do this, and what was
sent is understood: `self.actor`, `self.asked`, `self.sent`. `tale.api.schema` documents the same
contract, so what is written is what is checked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import models, transaction
from django.utils.http import parse_etags
from django.utils.translation import gettext_lazy as _
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from tale.lib.paging import PageQuery, Query, page
from tale.lib.refusals import NotFound, Refusal
from tale.lib.strict import StrictCharField, StrictSerializer

Row = TypeVar("Row", bound=models.Model)
Handler = TypeVar("Handler", bound=Callable[..., Any])
NO_FILTER = {"limit", "cursor", "format"}
Rows = Callable[[Any], models.QuerySet[Any]]


class OneOf(StrictCharField):
    """The id of another row, among those that the caller may see."""

    def __init__(self, rows: Rows, **options: Any) -> None:
        self.rows = rows
        super().__init__(**options)

    def get_attribute(self, instance: Any) -> Any:
        return getattr(instance, f"{self.source}_id")


class Body(StrictSerializer):
    """What is sent, and how it is shown. Looks rows up when every field is right and not before,
    so a wrong field is told before a missing row."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for name, field in self.fields.items():
            if isinstance(field, OneOf) and attrs.get(name):
                attrs[name] = one(field.rows(self.context["actor"]), attrs[name], name)
        return attrs


class Nothing(Body):
    """The body of an operation that takes none."""


@dataclass(frozen=True, slots=True)
class Operation:
    summary: str
    right: str
    scope: str
    takes: type[Body]
    gives: type[BaseSerializer[Any]] | None
    query: type[Query]
    status: int
    files: tuple[str, ...]
    in_parts: bool
    refuses: tuple[int, ...]

    @property
    def is_list(self) -> bool:
        return issubclass(self.query, PageQuery)


def operation(
    summary: str,
    *,
    right: str,
    gives: type[BaseSerializer[Any]] | None = None,
    takes: type[Body] = Nothing,
    scope: str | None = None,
    query: type[Query] = Query,
    status: int = 200,
    files: tuple[str, ...] = (),
    in_parts: bool = False,
    refuses: tuple[int, ...] = (),
) -> Callable[[Handler], Handler]:
    """`scope` is `read` for GET and `admin` for the rest unless said; "" lets every key in. What
    answers a file names its media types, and whether it gives a part of it or says that it is
    the one they have; `refuses` are statuses that few operations answer."""

    def mark(handler: Handler) -> Handler:
        usual = "read" if handler.__name__ == "get" else "admin"
        handler.operation = Operation(  # type: ignore[attr-defined]
            summary=summary,
            right=right,
            scope=usual if scope is None else scope,
            takes=takes,
            gives=gives,
            query=query,
            status=status,
            files=files,
            in_parts=in_parts,
            refuses=refuses,
        )
        return handler

    return mark


class Resource(APIView):
    actor: Any
    operation: Operation
    asked: dict[str, Any]
    sent: dict[str, Any]

    @classmethod
    def as_view(cls, **options: Any) -> Any:
        cls.operations()  # a handler without a contract fails here, not at its first call
        return super().as_view(**options)

    @classmethod
    def operations(cls) -> dict[str, Operation]:
        """By method."""
        handlers = ((name, getattr(cls, name, None)) for name in cls.http_method_names)
        own = {name: handler for name, handler in handlers if handler and name != "options"}
        return {name.upper(): handler.operation for name, handler in own.items()}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Rights come before the body: what a key may not do at all, it need not learn to say."""
        super().initial(request, *args, **kwargs)
        self.actor = request.auth
        method = "GET" if request.method == "HEAD" else request.method
        if found := self.operations().get(method or ""):
            self.operation = found
            self.actor.require(found.right, scope=found.scope)
            self.asked = self._read(found.query, _parameters(request))
            self.sent = {} if method == "GET" else self._body(request)

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        """Names the methods, by its header, and no more."""
        return Response(status=204)

    def item(self, row: Any) -> Response:
        body = self._show(row)
        headers = {"ETag": _etag(body)}
        if self.operation.status == 201:
            headers["Location"] = f"{self.request.path}/{row.pk}"
        return Response(body, self.operation.status, headers=headers)

    def page(
        self,
        rows: models.QuerySet[Any],
        *,
        prepare: Callable[[list[Any]], Iterable[Any]] = iter,
        **order: Any,
    ) -> Response:
        found, next_cursor = page(rows, self.asked, **order)
        shown = [self._show(row) for row in prepare(found)]
        return Response({"data": shown, "next_cursor": next_cursor})

    def filters(self, at: str) -> dict[str, Any]:
        """What was asked for, in the words of a query; `at` is the column of its period."""
        period = {"from": f"{at}__gte", "to": f"{at}__lt"}
        named = {period.get(name, name): value for name, value in self.asked.items()}
        return {name: value for name, value in named.items() if name not in NO_FILTER}

    def none(self) -> Response:
        return Response(status=204)

    @contextmanager
    def held(self, rows: models.QuerySet[Row], pk: str) -> Iterator[Row]:
        """The row, locked while it is changed, if it still is what the caller last read."""
        with transaction.atomic():
            row = one(rows.select_for_update(of=("self",)), pk)
            self.compare(row)
            yield row

    def compare(self, row: Any) -> None:
        """Only what they last read is changed."""
        wanted = self.request.headers.get("If-Match")
        if wanted is None:
            return
        tags = parse_etags(wanted)
        if not tags:
            raise Refusal("invalid_header", _("This is no entity tag."), field="If-Match")
        if tags != ["*"] and _etag(self._show(row)) not in map(_weak, tags):
            raise Refusal("revision_conflict")

    def _show(self, row: Any) -> Any:
        shown = self.operation.gives or type(self).operations()["GET"].gives
        assert shown is not None
        return shown(row).data

    def _body(self, request: Request) -> dict[str, Any]:
        return self._read(self.operation.takes, request.data, partial=request.method == "PATCH")

    def _read(self, form: type[StrictSerializer], data: Any, **options: Any) -> dict[str, Any]:
        read = form(data=data, context={"actor": self.actor}, **options)
        read.is_valid(raise_exception=True)
        return dict(read.validated_data)


def one(rows: models.QuerySet[Row], pk: str, field: str = "") -> Row:
    found = rows.filter(pk=pk).first()
    if found is None:
        raise NotFound(field=field)
    return found


def _parameters(request: Request) -> Mapping[str, Any]:
    for name, values in request.query_params.lists():
        if len(values) > 1:
            raise Refusal("duplicate_field", _("This parameter is sent twice."), field=name[:80])
    return request.query_params.dict()


def _etag(body: Any) -> str:
    """Weak: the same content, however it is written or compressed on its way."""
    written: bytes = JSONRenderer().render(body)
    return _weak(f'"{hashlib.sha256(written).hexdigest()[:32]}"')


def _weak(tag: str) -> str:
    return f"W/{tag.removeprefix('W/')}"

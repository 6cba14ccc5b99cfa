"""How the contract of an operation reads as OpenAPI 3.1: the key it needs, what it takes, what it
answers, how it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerFieldExtension,
)
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from tale.lib.refusals import STATUS_OF, TEXT_OF
from tale.lib.resource import Operation

VERBS = {"GET": "get", "POST": "", "PUT": "set", "PATCH": "change", "DELETE": "delete"}
REQUEST_ID = "req_6h5q4t2s8v0w1x3y5z7a9b1f"
# The codes an answer of this status most often has; errors.md has them all.
USUAL = {
    400: "invalid_value required unknown_field invalid_type invalid_json unknown_parameter",
    401: "unauthenticated invalid_api_key api_key_expired api_key_revoked account_disabled",
    403: "forbidden insufficient_scope field_not_allowed ip_not_allowed organization_suspended",
    404: "not_found",
    406: "not_acceptable",
    409: "already_exists",
    410: "gone",
    412: "revision_conflict",
    413: "request_too_large",
    415: "unsupported_media_type unsupported_charset",
    416: "invalid_range",
    429: "rate_limited",
    503: "database_unavailable",
    507: "storage_full",
}


class KeyScheme(OpenApiAuthenticationExtension):
    target_class = "accounts.auth.KeyAuthentication"
    name = ["bearer", "header"]

    def get_security_requirement(self, auto_schema: AutoSchema) -> Any:
        return [{name: []} for name in self.name]  # either of them, not both

    def get_security_definition(self, auto_schema: AutoSchema) -> Any:
        return [
            {"type": "http", "scheme": "bearer", "bearerFormat": "tale_…"},
            {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        ]


class AmountShape(OpenApiSerializerFieldExtension):
    target_class = "tale.lib.strict.AmountField"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Any) -> Any:
        return {"type": "string", "format": "decimal"}


class RefusalSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="Stable. Compare this.")
    message = serializers.CharField(help_text="For people, in their language. It may change.")
    field = serializers.CharField(allow_null=True, help_text="Where it is wrong: `members[1]`.")
    request_id = serializers.CharField(help_text="Name it when you ask us about it.")
    details = serializers.DictField(help_text="What the code is about: limits, choices, fields.")


class ErrorSerializer(serializers.Serializer[Any]):
    error = RefusalSerializer()


class NativeSchema(AutoSchema):
    @property
    def operation(self) -> Operation:
        found: Operation = getattr(self.view, self.method.lower()).operation
        return found

    def get_operation_id(self) -> str:
        created = "create" if self.operation.status == 201 else ""
        verb = "list" if self.operation.is_list else created or VERBS[self.method]
        return "_".join(filter(None, [*self._tokenize_path(), verb]))

    def get_summary(self) -> str:
        return self.operation.summary

    def get_description(self) -> str:  # type: ignore[override]
        scope = self.operation.scope
        key = f"a key with the scope `{scope}`" if scope else "any key"
        return f"Needs {key}, and the right `{self.operation.right}`."

    def get_request_serializer(self) -> Any:
        return self.operation.takes if self.operation.takes().fields else None

    def get_response_serializers(self) -> Any:
        if files := self.operation.files:
            whole = {(self.operation.status, *files): OpenApiResponse(OpenApiTypes.STR, "A file.")}
            return whole | (_parts_of(files) if self.operation.in_parts else {})
        gives: Any = self.operation.gives
        shown = _page_of(gives) if gives and self.operation.is_list else gives
        return {self.operation.status: OpenApiResponse(shown, "Done.")}

    def get_override_parameters(self) -> list[Any]:
        shows_one = self.operation.gives is not None and not self.operation.is_list
        return [
            *([query] if (query := self.operation.query)().fields else []),
            *([_sent("If-Match", "The ETag you last read.")] if self._is_guarded else []),
            *([_sent("If-None-Match", "The ETag you have.")] if self.operation.in_parts else []),
            *([_sent("Range", "Such as bytes=0-999.")] if self.operation.in_parts else []),
            *([_answered("ETag", "Changes when the content does.")] if shows_one else []),
            *([_answered("Location", "Of the new row.")] if self.operation.status == 201 else []),
        ]

    def get_examples(self) -> list[OpenApiExample]:
        return [*self._examples()]

    def _examples(self) -> Iterator[OpenApiExample]:
        takes: Any = self.operation.takes
        gives: Any = self.operation.gives
        if example := getattr(takes, "example", None):
            writable = {name for name, field in takes().fields.items() if not field.read_only}
            sent = {name: value for name, value in example.items() if name in writable}
            (kind,) = self.map_parsers()
            yield OpenApiExample("Request", sent, request_only=True, media_type=kind)
        if gives is not None:
            shown = gives.example
            if self.operation.is_list:
                shown = {"data": [shown], "next_cursor": None}
            status = str(self.operation.status)
            yield OpenApiExample("Answer", shown, response_only=True, status_codes=[status])

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies = super()._get_response_bodies(direction)
        return bodies | {
            str(status): self._refused(status).ref for status in self._refusing_statuses()
        }

    def _refused(self, status: int) -> ResolvedComponent:
        response = OpenApiResponse(
            ErrorSerializer,
            f"Usually {', '.join(USUAL[status].split())}.",
            [OpenApiExample("Refusal", _refusal(status))],
        )
        component = ResolvedComponent(
            f"Refused{status}",
            ResolvedComponent.RESPONSE,
            self._get_response_for_code(response, str(status), ["application/json"]),
            object=ErrorSerializer,
        )
        self.registry.register_on_missing(component)
        return component

    def _refusing_statuses(self) -> list[int]:
        statuses = {400, 401, 403, 406, 429, 503, *self.operation.refuses}
        fields = self.operation.takes().fields
        if "{" in self.path or any(hasattr(field, "rows") for field in fields.values()):
            statuses.add(404)
        if self._is_guarded:
            statuses.add(412)
        if self.method != "GET":
            statuses |= {413, 415}
        if fields:
            statuses.add(409)
        return sorted(statuses)

    @property
    def _is_guarded(self) -> bool:
        return self.method != "GET" and ("{" in self.path or self.method == "PATCH")

    def _postprocess_serializer_schema(
        self, schema: dict[str, Any], serializer: Any, direction: Any
    ) -> dict[str, Any]:
        """What is shown is shown whole; what is sent may hold nothing else."""
        schema = super()._postprocess_serializer_schema(schema, serializer, direction)
        if direction == "response":
            schema["required"] = sorted(schema["properties"])
        else:
            schema["additionalProperties"] = False
        return schema


@cache
def _page_of(row: type[serializers.BaseSerializer[Any]]) -> type[serializers.BaseSerializer[Any]]:
    fields = {
        "data": row(many=True),
        "next_cursor": serializers.CharField(allow_null=True, help_text="Null on the last page."),
    }
    name = f"{row.__name__.removesuffix('Serializer')}PageSerializer"
    return type(name, (serializers.Serializer,), fields)


def _parts_of(files: tuple[str, ...]) -> dict[Any, OpenApiResponse]:
    return {
        (206, *files): OpenApiResponse(OpenApiTypes.STR, "The part that was asked for."),
        304: OpenApiResponse(None, "It is the one you have."),
    }


def _refusal(status: int) -> dict[str, Any]:
    code = USUAL[status].split()[0]
    assert status in (STATUS_OF[code], 416)  # a wrong range is a 400 elsewhere
    return {
        "error": {
            "code": code,
            "message": str(TEXT_OF.get(code, "This value is not right.")),
            "field": None,
            "request_id": REQUEST_ID,
            "details": {},
        }
    }


def _sent(name: str, description: str) -> OpenApiParameter:
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=description)


def _answered(name: str, description: str) -> OpenApiParameter:
    return OpenApiParameter(
        name, str, OpenApiParameter.HEADER, description=description, response=[200, 201]
    )

"""Lists in pages: `{"data": […], "next_cursor": …}`.

A cursor is the place of the last row shown, so rows that come and go meanwhile move nothing.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from tale.lib.fields import PublicIdField
from tale.lib.refusals import Refusal
from tale.lib.strict import (
    StrictCharField,
    StrictDateTimeField,
    StrictSerializer,
    WrittenIntegerField,
)

Row = TypeVar("Row", bound=Model)
PAGE, LONGEST_PAGE = 25, 100
_PLACE = re.compile(r"[0-9a-z_]{1,60}", re.ASCII)


class Query(StrictSerializer):
    """What may stand behind the question mark; the base takes nothing."""

    def _fault(self, name: str) -> serializers.ErrorDetail | None:
        if name in self.fields:
            return None
        text = _("This parameter is not known here. Remove it.")
        return serializers.ErrorDetail(str(text), code="unknown_parameter")


class PageQuery(Query):
    limit = WrittenIntegerField(
        min_value=1, max_value=LONGEST_PAGE, default=PAGE, help_text="How many, at most."
    )
    cursor = StrictCharField(
        required=False, max_length=200, help_text="`next_cursor` of the page before."
    )


class PeriodQuery(Query):
    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of Python's, so no class body can declare it."""
        first = StrictDateTimeField(required=False, help_text="This time and later.")
        last = StrictDateTimeField(required=False, help_text="Earlier than this time.")
        return {**super().get_fields(), "from": first, "to": last}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if {"from", "to"} <= attrs.keys() and attrs["from"] >= attrs["to"]:
            raise Refusal("invalid_range", field="from")
        return attrs


def page(
    rows: QuerySet[Row], asked: Mapping[str, Any], *, by: str = "pk", newest_first: bool = False
) -> tuple[list[Row], str | None]:
    """`by` names a column that is unique among the rows, and never changes."""
    column: Any = rows.model._meta.pk if by == "pk" else rows.model._meta.get_field(by)
    if cursor := asked.get("cursor"):
        place = _place(cursor, column)
        rows = rows.filter(**{f"{by}__lt" if newest_first else f"{by}__gt": place})
    limit = asked["limit"]
    found = list(rows.order_by(f"-{by}" if newest_first else by)[: limit + 1])
    more = len(found) > limit
    return found[:limit], _cursor(getattr(found[limit - 1], by)) if more else None


def _cursor(place: Any) -> str:
    return base64.urlsafe_b64encode(str(place).encode()).decode().rstrip("=")


def _place(cursor: str, column: Any) -> Any:
    """A place must at least be one that a row of this list could have."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        text = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
        if not _PLACE.fullmatch(text):
            raise ValueError
        place = column.clean(text, None)
    except (binascii.Error, ValueError, ValidationError):
        raise Refusal("invalid_cursor", field="cursor") from None
    if isinstance(column, PublicIdField) and not text.startswith(f"{column.prefix}_"):
        raise Refusal("invalid_cursor", field="cursor")
    return place

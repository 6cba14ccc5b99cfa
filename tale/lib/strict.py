"""Serializers and fields that take what was meant and nothing like it.

A field that is not known is refused, not dropped; a number is a number; a text is a text, and not
blank when one only cannot see what stands in it. Faults carry our codes, see errors.md.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.fields import empty

from tale.lib import money
from tale.lib.refusals import TYPE_TEXTS, Refusal

BIGGEST = 2**63 - 1  # what a database column holds
_NAMED_FAULTS = 20
_HALF_OR_NUL = re.compile(r"[\x00\ud800-\udfff]")
_WHOLE = re.compile(r"-?\d{1,18}", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MICRO_DIGITS = re.compile(r"\d{1,12}\.\d{7,}", re.ASCII)
# They have a width but no ink: Hangul fillers, the empty Braille cell.
_INKLESS = "\u115f\u1160\u3164\uffa0\u2800"

_Messages = dict[str, Any]


def _type(name: str) -> _Messages:
    return {"invalid_type": TYPE_TEXTS[name]}


_TEXT: _Messages = {
    **_type("string"),
    "invalid_characters": _("NUL and half characters are not text."),
    "blank": _("This field may not be empty."),
}
_INTEGER: _Messages = {**_type("integer"), "out_of_range": _("This number is too large.")}


def is_blank(text: str) -> bool:
    """Only spaces, control and zero-width characters, and letters without ink."""
    return all(
        letter.isspace() or letter in _INKLESS or unicodedata.category(letter) in ("Cc", "Cf")
        for letter in text
    )


class StrictCharField(serializers.CharField):
    """DRF's own takes 5 for "5", and two zero-width spaces for a name."""

    default_error_messages = _TEXT

    def run_validation(self, data: Any = empty) -> Any:
        if isinstance(data, str):
            if _HALF_OR_NUL.search(data):
                self.fail("invalid_characters")
            if is_blank(data):
                if not self.allow_blank:
                    self.fail("blank")
                return ""
        elif data is not None and data is not empty:
            self.fail("invalid_type")
        return super().run_validation(data)


class StrictEmailField(StrictCharField, serializers.EmailField):
    pass


class StrictURLField(StrictCharField, serializers.URLField):
    pass


class StrictChoiceField(serializers.ChoiceField):
    default_error_messages = {
        **_type("string"),
        "invalid_choice": _("This is not one of the choices. Choose one of: {choices}."),
    }

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid_type")
        if data not in self.choices:
            self.fail("invalid_choice", choices=", ".join(map(str, self.choices)))
        return data


class StrictIntegerField(serializers.IntegerField):
    default_error_messages = _INTEGER

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:  # True is an int, and 3.0 is somebody's sum
            self.fail("invalid_type")
        if abs(data) > BIGGEST:
            self.fail("out_of_range")
        return data


class WrittenIntegerField(StrictIntegerField):
    """A number in an address, where everything is text."""

    default_error_messages = {"invalid_number": _("Send a whole number.")}

    def to_internal_value(self, data: Any) -> int:
        if not _WHOLE.fullmatch(data):
            self.fail("invalid_number")
        return super().to_internal_value(int(data))


class StrictDateTimeField(serializers.DateTimeField):
    """DRF's own guesses the time zone, and reads Arabic digits."""

    default_error_messages = {
        **_type("string"),
        "invalid_date": _("Send a time with its zone, such as 2026-11-21T09:30:00Z."),
    }

    def to_internal_value(self, value: Any) -> datetime:
        if not isinstance(value, str):
            self.fail("invalid_type")
        if not _TIME.fullmatch(value):
            self.fail("invalid_date")
        try:
            return datetime.fromisoformat(value).astimezone(UTC)
        except (ValueError, OverflowError):  # a 13th month; the year 1 east of Greenwich
            self.fail("invalid_date")


class StrictDateField(serializers.DateField):
    default_error_messages = {
        **_type("string"),
        "invalid_date": _("Send a day such as 2026-11-21."),
    }

    def to_internal_value(self, value: Any) -> date:
        if not isinstance(value, str):
            self.fail("invalid_type")
        if not _DAY.fullmatch(value):
            self.fail("invalid_date")
        try:
            return date.fromisoformat(value)
        except ValueError:  # a 13th month
            self.fail("invalid_date")


class StrictBooleanField(serializers.BooleanField):
    default_error_messages = _type("boolean")

    def to_internal_value(self, data: Any) -> bool:
        if type(data) is not bool:
            self.fail("invalid_type")
        return data


class StrictListField(serializers.ListField):
    default_error_messages = {
        **_type("array"),
        "too_many_items": _("Send no more than {max_length}."),
    }

    def to_internal_value(self, data: Any) -> list[Any]:
        if not isinstance(data, list):
            self.fail("invalid_type")
        if self.max_length is not None and len(data) > self.max_length:
            self.fail("too_many_items", max_length=self.max_length)
        return super().to_internal_value(data)


class ObjectField(serializers.DictField):
    """An object of names and plain values; whoever takes it checks what the names mean."""

    default_error_messages = {
        **_type("object"),
        "too_many_items": _("Send no more than {max_length}."),
    }
    most = 60

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.fail("invalid_type")
        if len(data) > self.most:
            self.fail("too_many_items", max_length=self.most)
        return data


class AmountField(serializers.Field[int, str, str, int]):
    """Money: a text like "12.50" outside, whole micro-units inside."""

    default_error_messages = {
        **_type("string"),
        "invalid_number": _('Send an amount as text, such as "12.50".'),
        "too_many_decimals": _("An amount has at most six decimals."),
    }

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, str):
            self.fail("invalid_type")
        if _MICRO_DIGITS.fullmatch(data):
            self.fail("too_many_decimals")
        try:
            return money.parse(data)
        except Refusal:
            self.fail("invalid_number")

    def to_representation(self, value: int) -> str:
        return money.plain(value)


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses what it does not know and what nobody may write."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, Mapping):
            raise serializers.ValidationError(str(TYPE_TEXTS["object"]), code="invalid_type")
        faults: dict[str, Any] = {}
        for name in data:
            if (fault := self._fault(name)) and len(faults) < _NAMED_FAULTS:
                faults[name[:80]] = fault
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as wrong:
            theirs: Any = wrong.detail
            raise serializers.ValidationError({**faults, **theirs}) from wrong
        if faults:
            raise serializers.ValidationError(faults)
        return values

    def _fault(self, name: str) -> serializers.ErrorDetail | None:
        field = self.fields.get(name)
        if field is None:
            text, code = _("This field is not known here. Remove it."), "unknown_field"
        elif field.read_only or isinstance(field, serializers.HiddenField):
            text, code = _("This field cannot be set. Remove it."), "field_not_allowed"
        else:
            return None
        return serializers.ErrorDetail(str(text), code=code)


class StrictModelSerializer(StrictSerializer, serializers.ModelSerializer[Any]):
    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.CharField: StrictCharField,
        models.TextField: StrictCharField,
        models.EmailField: StrictEmailField,
        models.URLField: StrictURLField,
        models.IntegerField: StrictIntegerField,
        models.BigIntegerField: StrictIntegerField,
        models.PositiveIntegerField: StrictIntegerField,
        models.PositiveSmallIntegerField: StrictIntegerField,
        models.SmallIntegerField: StrictIntegerField,
        models.BooleanField: StrictBooleanField,
    }
    serializer_choice_field = StrictChoiceField

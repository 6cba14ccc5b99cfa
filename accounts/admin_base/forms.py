"""Forms of the admin, and the fields that take what people type."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from tale.lib import money, theme
from tale.lib.refusals import STATUS_OF, Refusal
from tale.lib.strict import is_blank

CODES = {  # of Django's own faults
    "invalid_date": "invalid_date",
    "max_length": "too_long",
    "max_value": "out_of_range",
    "min_value": "out_of_range",
    "null_characters_not_allowed": "invalid_characters",
    "unique": "already_exists",
    "unique_together": "already_exists",
}


class GovernedForm(forms.ModelForm):
    """Knows the organisation it works for, and what the domain said no to when it was sent."""

    organisation: ClassVar[Organisation | None] = None
    refusal: ClassVar[Refusal | None] = None

    def _get_validation_exclusions(self) -> set[str]:
        # The form has no field for it, yet most names are unique within an organisation.
        known = {"organisation"} if self.organisation is not None else set()
        return super()._get_validation_exclusions() - known  # type: ignore[misc]

    def _update_errors(self, errors: ValidationError) -> None:
        """Django gives a clash no code when a model words it itself."""
        constraints = self.instance._meta.constraints
        clashes = {
            str(each.get_violation_error_message()): each
            for each in constraints
            if isinstance(each, models.UniqueConstraint)
        }
        for fault in errors.error_dict.pop(NON_FIELD_ERRORS, ()):
            clash = clashes.get(str(fault.message))
            fault.code = "already_exists" if clash else fault.code
            blamed = self._blamed(clash) if clash else ""
            if blamed:
                fault = _fault(Refusal("already_exists"))
            errors.error_dict.setdefault(blamed or NON_FIELD_ERRORS, []).append(fault)
        super()._update_errors(errors)  # type: ignore[misc]

    def _blamed(self, clash: models.UniqueConstraint) -> str:
        """Without words of its own a clash shows the name of the constraint. The last of its
        fields says so instead: a name, or the model of a tag."""
        if clash.violation_error_message != clash.default_violation_error_message:
            return ""
        written = [getattr(each, "name", "") for each in clash.expressions]
        return next(
            (name for name in (*reversed(written), *clash.fields[::-1]) if name in self.fields), ""
        )

    def _post_clean(self) -> None:
        if self.organisation is not None and getattr(self.instance, "organisation_id", "") is None:
            self.instance.organisation = self.organisation
        for name, text in list(self.cleaned_data.items()):
            if isinstance(text, str) and text and is_blank(text):
                self.add_error(name, _fault(Refusal("blank")))
        super()._post_clean()  # type: ignore[misc]
        if self.refusal is not None:
            field = self.refusal.field.partition(".")[0]  # capabilities.sizes.0
            self.add_error(field if field in self.fields else None, _fault(self.refusal))


def _fault(refusal: Refusal) -> ValidationError:
    return ValidationError(str(refusal), code=refusal.code)


def refused(faults: Any) -> Refusal | None:
    """The first of a page's faults, in the words of every other edge."""
    for fault in faults:
        code = fault.as_data()[0].code or ""
        return Refusal(CODES.get(code, code if code in STATUS_OF else "invalid_value"))
    return None


AMBIGUOUS = re.compile(r"[1-9]\d{0,2}([.,]\d{3})+")


class AmountField(forms.CharField):
    """Money as people write it; whole micro-units inside. `2,50` is an amount too."""

    widget = theme.Amount(attrs={"inputmode": "decimal", "autocomplete": "off"})

    def prepare_value(self, value: Any) -> Any:
        return money.plain(value) if isinstance(value, int) else value

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        if AMBIGUOUS.fullmatch(text):
            raise ValidationError(
                _("A thousand or one? Write 1000 or 1.00, without separators of thousands."),
                code="invalid_number",
            )
        try:
            return money.parse(_with_a_point(text))
        except Refusal as refusal:
            message = _("Write an amount such as 2.50, with at most six decimals.")
            raise ValidationError(message, code=refusal.code) from refusal


def _with_a_point(text: str) -> str:
    return text.replace(",", ".") if text.count(",") == 1 and "." not in text else text


class LinesField(forms.CharField):
    """A list, one entry on each line."""

    widget = theme.Lines(attrs={"rows": 3})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value) or ""
        return [line.strip() for line in text.splitlines() if line.strip()]


class LabelsField(forms.MultipleChoiceField):
    """A list of known words, as checkboxes with their labels."""

    widget = theme.Checkboxes

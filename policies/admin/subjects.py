"""Whom a row meets: one field for each kind of subject, shown when the scope asks for it."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.admin_base import GovernedForm
from accounts.models import ApiKey, Membership, Team
from assistants.models import Assistant
from policies.admin.names import person_behind
from policies.models import BudgetRule
from tale.lib import theme

SUBJECTS: dict[str, tuple[str, type[Any], Any]] = {
    BudgetRule.Scope.USER: ("person", Membership, _("Person")),
    BudgetRule.Scope.TEAM: ("team", Team, _("Team")),
    BudgetRule.Scope.ASSISTANT: ("assistant", Assistant, _("Assistant")),
    BudgetRule.Scope.KEY: ("key", ApiKey, _("API key")),
}
SHOWN_FOR_SCOPE = {
    name: f"scope == '{scope}'" for scope, (name, _model, _label) in SUBJECTS.items()
}


class SubjectForm(GovernedForm):
    """Spending knows people by a pseudonym; the form by their names."""

    anyone: ClassVar[Any] = _("Choose one")
    anyone_help: ClassVar[Any] = ""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if "scope" not in self.fields or self.organisation is None:
            return
        row = self.instance
        offered = dict(row._meta.get_field("scope").choices)
        for scope, (name, model, label) in SUBJECTS.items():
            if scope not in offered:
                continue
            self.fields[name] = forms.ModelChoiceField(
                choices(model, self.organisation),
                label=label,
                required=False,
                empty_label=self.anyone,
                widget=theme.Select,
                help_text=self.anyone_help,
            )
            if row.scope == scope and row.subject:
                self.initial[name] = self._row_behind(scope, row.subject)

    def _get_validation_exclusions(self) -> set[str]:
        """Its field has several names, yet there is one row for each subject."""
        exclusions: set[str] = super()._get_validation_exclusions()
        return exclusions - {"subject"}

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        named = SUBJECTS.get(said.get("scope", ""))
        self.instance.subject = _subject(said.get(named[0])) if named else ""
        return said

    def _row_behind(self, scope: str, subject: str) -> Any:
        organisation = self.organisation
        if scope == BudgetRule.Scope.USER and organisation is not None:
            return person_behind(subject, organisation)
        return subject


def _subject(row: Any) -> str:
    if isinstance(row, Membership):
        return audit.who(row.organisation_id, row.user)
    return row.pk if row is not None else ""


def choices(model: type[Any], organisation: Any) -> QuerySet[Any]:
    rows: QuerySet[Any] = model.objects.of(organisation)
    if model is Membership:
        return rows.filter(deactivated_at=None).select_related("user")
    return rows.filter(revoked_at=None) if model is ApiKey else rows

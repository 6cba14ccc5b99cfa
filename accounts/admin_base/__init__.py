"""What the admin of every app stands on: one site, scoped to one organisation at a time."""

from accounts.admin_base.filters import Choice, by_days, by_word, of_own
from accounts.admin_base.forms import AmountField, GovernedForm, LabelsField, LinesField
from accounts.admin_base.rows import OrganisationAdmin, OrganisationInline, ReadOnly
from accounts.admin_base.scope import actor, current, is_operator, may_do, may_see, own_rows
from accounts.admin_base.site import Page, Section, Site

__all__ = [
    "AmountField",
    "Choice",
    "GovernedForm",
    "LabelsField",
    "LinesField",
    "OrganisationAdmin",
    "OrganisationInline",
    "Page",
    "ReadOnly",
    "Section",
    "Site",
    "actor",
    "by_days",
    "by_word",
    "current",
    "is_operator",
    "may_do",
    "may_see",
    "of_own",
    "own_rows",
]

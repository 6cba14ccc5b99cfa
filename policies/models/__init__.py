from policies.models.access import FeatureSwitch, Guardrail, ImagePolicy, ModelAccess
from policies.models.budgets import BudgetRule, RuleBook, Window
from policies.models.ledger import Call, Entry, EntryHead, Hold

__all__ = [
    "BudgetRule",
    "Call",
    "Entry",
    "EntryHead",
    "FeatureSwitch",
    "Guardrail",
    "Hold",
    "ImagePolicy",
    "ModelAccess",
    "RuleBook",
    "Window",
]

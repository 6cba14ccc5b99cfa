from policies.models.access import FeatureSwitch, Guardrail, ImagePolicy, ModelAccess
from policies.models.budgets import BudgetNotice, BudgetRule, RuleBook, Window
from policies.models.ledger import Call, Entry, EntryHead, Hold, Loss
from policies.models.legal import LegalHold

__all__ = [
    "BudgetNotice",
    "BudgetRule",
    "Call",
    "Entry",
    "EntryHead",
    "FeatureSwitch",
    "Guardrail",
    "Hold",
    "ImagePolicy",
    "LegalHold",
    "Loss",
    "ModelAccess",
    "RuleBook",
    "Window",
]

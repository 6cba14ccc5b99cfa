from policies.models.budgets import BudgetRule, RuleBook, Window
from policies.models.ledger import Call, Entry, EntryHead, Hold

__all__ = ["BudgetRule", "Call", "Entry", "EntryHead", "Hold", "RuleBook", "Window"]

"""Policies & limits."""

from policies.admin.ledger import CallAdmin, EntryAdmin, HoldAdmin
from policies.admin.rules import RuleAdmin

__all__ = ["CallAdmin", "EntryAdmin", "HoldAdmin", "RuleAdmin"]

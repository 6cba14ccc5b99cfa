"""Policies & limits."""

from policies.admin.access import GuardrailAdmin, ImagePolicyAdmin, ModelAccessAdmin, SwitchAdmin
from policies.admin.could import COULD
from policies.admin.ledger import CallAdmin, EntryAdmin, HoldAdmin
from policies.admin.rules import RuleAdmin

__all__ = [
    "COULD",
    "CallAdmin",
    "EntryAdmin",
    "GuardrailAdmin",
    "HoldAdmin",
    "ImagePolicyAdmin",
    "ModelAccessAdmin",
    "RuleAdmin",
    "SwitchAdmin",
]

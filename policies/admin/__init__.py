"""Policies & limits."""

from policies.admin.access import GuardrailAdmin, ImagePolicyAdmin, ModelAccessAdmin, SwitchAdmin
from policies.admin.could import COULD
from policies.admin.holds import HoldAdmin
from policies.admin.ledger import CallAdmin, EntryAdmin
from policies.admin.legal import LegalHoldAdmin
from policies.admin.losses import LossAdmin
from policies.admin.rules import RuleAdmin
from policies.admin.windows import WindowAdmin

__all__ = [
    "COULD",
    "CallAdmin",
    "EntryAdmin",
    "GuardrailAdmin",
    "HoldAdmin",
    "ImagePolicyAdmin",
    "LegalHoldAdmin",
    "LossAdmin",
    "ModelAccessAdmin",
    "RuleAdmin",
    "SwitchAdmin",
    "WindowAdmin",
]

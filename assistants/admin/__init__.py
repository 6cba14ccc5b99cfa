"""Assistants, and what is made with them."""

from assistants.admin.assistants import AssistantAdmin
from assistants.admin.blocked import BlockedPictureAdmin
from assistants.admin.origins import ORIGINS
from assistants.admin.pictures import PictureAdmin
from assistants.admin.proofs import ProofAdmin

__all__ = ["ORIGINS", "AssistantAdmin", "BlockedPictureAdmin", "PictureAdmin", "ProofAdmin"]

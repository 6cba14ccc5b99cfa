"""Assistants, and what is made with them."""

from assistants.admin.assistants import AssistantAdmin
from assistants.admin.blocked import BlockedPictureAdmin
from assistants.admin.origins import ORIGINS

__all__ = ["ORIGINS", "AssistantAdmin", "BlockedPictureAdmin"]

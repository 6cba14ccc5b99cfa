"""Assistants, and what is made with them."""

from assistants.admin.assistants import AssistantAdmin

__all__ = ["AssistantAdmin"]

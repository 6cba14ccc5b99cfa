"""Chats & retention. That a chat exists, whose it is and how large: never what is said in it."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin_base import Choice, ReadOnly, by_days, of_own
from accounts.models import Team
from assistants.models import Assistant
from chats.models import Chat
from tale.lib import theme


class ByState(Choice):
    title = _("state")
    parameter_name = "state"
    words = (("kept", _("Kept")), ("deleted", _("Deleted")))

    def narrow(self, rows: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        return rows.filter(deleted_at__isnull=chosen == "kept")


class ChatAdmin(ReadOnly):
    """Its title begins with what was asked, so it is not even read."""

    icon = "forum"
    intro = _("Who chats with what, and since when. What they say is theirs: it is not shown here.")
    titles = {
        "created_at": _("begun"),
        "updated_at": _("last used"),
        "deleted_at": _("deleted"),
    }
    when_empty = _("Nobody has begun a chat yet.")
    list_display = ("label", "whose", "assistant", "team", "turns", "created_at", "updated_at")
    list_filter = (
        of_own(Assistant, "assistant", _("assistant")),
        of_own(Team, "team", _("team")),
        ByState,
        by_days("created_at", _("begun")),
    )
    list_select_related = ("owner", "assistant", "team")
    search_fields = ("id", "owner__email", "owner__name")
    fields = (*list_display, "deleted_at")
    readonly_fields = fields
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request).defer("title")
        return rows.annotate(turn_count=Count("turns"))

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        chat = super().get_object(request, object_id, from_field)
        if chat is not None:
            chat.title = ""
        return chat

    @theme.display(description=_("chat"), ordering="created_at")
    def label(self, chat: Chat) -> str:
        return chat.pk

    @theme.display(description=_("owner"), ordering="owner__email")
    def whose(self, chat: Chat) -> str:
        return str(chat.owner)

    @theme.display(description=_("turns"), ordering="turn_count")
    def turns(self, chat: Any) -> int:
        number: int = chat.turn_count
        return number

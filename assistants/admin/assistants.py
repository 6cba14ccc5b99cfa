from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from accounts.admin_base import Choice, GovernedForm, OrganisationAdmin, actor
from accounts.models import Team
from assistants import versions
from assistants.models import Assistant
from providers.models import Model, Tag
from tale.lib import theme


class ByKind(Choice):
    title = _("kind")
    parameter_name = "kind"
    words = (("own", _("Written here")), ("auto", _("Built in")))

    def narrow(self, rows: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        return rows.filter(is_auto=chosen == "auto")


class AssistantForm(GovernedForm):
    instructions = forms.CharField(
        label=_("Instructions"),
        required=False,
        max_length=20_000,
        widget=theme.Lines(attrs={"rows": 10}),
        help_text=_("What the assistant is for and how it speaks. The model reads it first."),
    )
    model = forms.ModelChoiceField(
        Model.objects.none(),
        label=_("Chat model"),
        required=False,
        empty_label=_("The organisation's default"),
        widget=theme.Select,
        help_text=_("Only models tagged Chat can be chosen."),
    )
    teams = forms.ModelMultipleChoiceField(
        Team.objects.none(),
        label=_("Teams"),
        required=False,
        widget=theme.Checkboxes,
        help_text=_("Whose members may use it. Those who manage assistants always may."),
    )
    note = forms.CharField(
        label=_("What is new"),
        required=False,
        max_length=200,
        widget=theme.Text,
        help_text=_("Kept with this version, for whoever wonders later."),
    )

    class Meta:
        model = Assistant
        fields = ("name", "description")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        assistant, organisation = self.instance, self.organisation
        if organisation is not None and "model" in self.fields:
            chats = [model.pk for model in Model.objects.of(organisation) if Tag.CHAT in model.tags]
            offered: Any = self.fields["model"]
            offered.queryset = Model.objects.of(organisation).filter(pk__in=chats)
        if organisation is not None and "teams" in self.fields:
            shared: Any = self.fields["teams"]
            shared.queryset = Team.objects.of(organisation)
        if assistant.published is not None:
            published = assistant.published
            self.initial["instructions"] = published.instructions
            self.initial["model"] = published.model_id
            self.initial["teams"] = versions.teams_of(assistant)


class AssistantAdmin(OrganisationAdmin):
    form = AssistantForm
    icon = "smart_toy"
    right = "manage_assistants"
    intro = _(
        "What people talk to. Auto is built in and everybody's. Every change is a new version, "
        "and who wrote it stays known."
    )
    help_texts = {
        "name": _("As people pick it. Names are unique in the organisation."),
        "description": _("One line under the name, in the picker."),
    }
    list_display = ("name", "description", "version", "chat_model", "written_by")
    list_filter = (ByKind,)
    list_select_related = ("published__model", "published__author")
    search_fields = ("name", "description")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        shared = () if obj is not None and obj.is_auto else ("teams",)
        seen = ("version", "written_by") if obj is not None else ()
        if obj is not None and not self.has_change_permission(request, obj):
            said: tuple[str, ...] = ("instructions", "chat_model")
            shared = ("for_teams",)
        else:
            said = ("instructions", "model", "note")
        return (
            (None, {"fields": ("name", "description", *shared)}),
            (_("This version"), {"fields": (*said, *seen)}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("version", "written_by", "chat_model", "for_teams")

    @theme.display(description=_("version"))
    def version(self, assistant: Assistant) -> str:
        return str(assistant.published.number) if assistant.published else ""

    @theme.display(description=_("chat model"))
    def chat_model(self, assistant: Assistant) -> str:
        chosen = assistant.published.model if assistant.published else None
        return str(chosen) if chosen else _t("Default")

    @theme.display(description=_("written by"))
    def written_by(self, assistant: Assistant) -> str:
        version = assistant.published
        if version is None:
            return ""
        return str(version.author) if version.author else _t("Built in")

    @theme.display(description=_("teams"))
    def for_teams(self, assistant: Assistant) -> str:
        if assistant.is_auto:
            return _t("Everybody")
        return ", ".join(str(team) for team in versions.teams_of(assistant))

    @theme.display(description=_("instructions"))
    def instructions(self, assistant: Assistant) -> str:
        """For those who read only, and so have no form."""
        return assistant.published.instructions if assistant.published else ""

    def save_model(self, request: HttpRequest, obj: Assistant, form: Any, change: bool) -> None:
        stored = self.stored(request, obj) if change else None
        self.adopt(obj, versions.save(actor=actor(request), assistant=stored, **form.cleaned_data))

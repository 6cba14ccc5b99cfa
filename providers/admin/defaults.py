"""Which model is taken: defaults, who steps in, and other names."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin_base import OrganisationAdmin, actor
from providers import defaults
from providers.models import Alias, Fallback, Model, ModelDefault
from tale.lib import theme


class DefaultAdmin(OrganisationAdmin):
    icon = "star"
    right = "manage_providers"
    deletes = True
    intro = _("Which model is taken when neither the person nor the assistant asks for one.")
    consequences = _("The first enabled model of the tag is taken then.")
    help_texts = {
        "tag": _("What is asked for. Each has one default."),
        "model": _("It must carry the tag."),
    }
    when_empty = _("Without a default, the first enabled model of a tag is taken.")
    list_display = ("tag_name", "model", "provider")
    list_select_related = ("model__provider",)
    fields = ("tag", "model")

    @theme.display(description=_("tag"), ordering="tag")
    def tag_name(self, default: ModelDefault) -> str:
        return default.get_tag_display()

    @theme.display(description=_("provider"))
    def provider(self, default: ModelDefault) -> str:
        return str(default.model.provider)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("tag",) if obj is not None else ()

    def save_model(self, request: HttpRequest, obj: ModelDefault, form: Any, change: bool) -> None:
        made = defaults.set_default(actor=actor(request), tag=obj.tag, model=obj.model)
        self.adopt(obj, made)

    def delete_model(self, request: HttpRequest, obj: ModelDefault) -> None:
        defaults.forget_default(actor=actor(request), default=obj)


class FallbackAdmin(OrganisationAdmin):
    icon = "alt_route"
    right = "manage_providers"
    deletes = True
    intro = _(
        "Who steps in when the model of a tag has a fault, in order. Never after a refusal, and "
        "never when somebody asked for a model by name."
    )
    consequences = _("The next in order steps in then, if there is one.")
    help_texts = {
        "tag": _("What is asked for."),
        "position": _("The lowest number is tried first."),
        "model": _("It must carry the tag."),
    }
    when_empty = _("Without a fallback, a fault of the model is told at once.")
    list_display = ("tag_name", "position", "model", "provider")
    list_select_related = ("model__provider",)
    fields = ("tag", "position", "model")

    @theme.display(description=_("tag"), ordering="tag")
    def tag_name(self, fallback: Fallback) -> str:
        return fallback.get_tag_display()

    @theme.display(description=_("provider"))
    def provider(self, fallback: Fallback) -> str:
        return str(fallback.model.provider)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("tag",) if obj is not None else ()

    def save_model(self, request: HttpRequest, obj: Fallback, form: Any, change: bool) -> None:
        who = actor(request)
        others = Fallback.objects.of(who.organisation).filter(tag=obj.tag).exclude(pk=obj.pk)
        order = [(row.position, 1, row.model) for row in others.select_related("model")]
        order.append((obj.position, 0, obj.model))
        models: list[Model] = [model for *_place, model in sorted(order, key=lambda row: row[:2])]
        made = defaults.set_fallbacks(actor=who, tag=obj.tag, models=models)
        self.adopt(obj, next(row for row in made if row.model_id == obj.model_id))

    def delete_model(self, request: HttpRequest, obj: Fallback) -> None:
        who = actor(request)
        left = Fallback.objects.of(who.organisation).filter(tag=obj.tag).exclude(pk=obj.pk)
        models = [row.model for row in left.select_related("model")]
        defaults.set_fallbacks(actor=who, tag=obj.tag, models=models)


class AliasAdmin(OrganisationAdmin):
    icon = "label"
    right = "manage_providers"
    deletes = True
    intro = _(
        "Other names by which a model may be asked for, so that a program written for one service "
        "runs on another."
    )
    consequences = _("Whoever asks by this name is told that there is no such model.")
    help_texts = {"name": _("Such as gpt-image-2."), "model": _("What is really called.")}
    when_empty = _("An alias lets a program ask for a model by the name it knows.")
    list_display = ("name", "model", "provider")
    list_select_related = ("model__provider",)
    search_fields = ("name",)
    fields = ("name", "model")

    @theme.display(description=_("provider"))
    def provider(self, alias: Alias) -> str:
        return str(alias.model.provider)

    def save_model(self, request: HttpRequest, obj: Alias, form: Any, change: bool) -> None:
        stored = self.stored(request, obj) if change else None
        who = actor(request)
        self.adopt(obj, defaults.set_alias(actor=who, name=obj.name, model=obj.model, alias=stored))

    def delete_model(self, request: HttpRequest, obj: Alias) -> None:
        defaults.forget_alias(actor=actor(request), alias=obj)

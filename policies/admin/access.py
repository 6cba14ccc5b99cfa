"""Feature switches, model access, image policies and guardrails: rows that take away."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from accounts.admin_base import (
    AmountField,
    GovernedForm,
    LabelsField,
    LinesField,
    OrganisationAdmin,
    actor,
    by_word,
    current,
)
from policies import access, guardrails
from policies.admin import bars
from policies.admin.names import name_of, names_of
from policies.admin.subjects import SHOWN_FOR_SCOPE, SUBJECTS, SubjectForm
from policies.models import BudgetRule, FeatureSwitch, Guardrail, ImagePolicy, ModelAccess
from policies.models.access import Scope
from providers.models import Model, Tag
from tale.lib import money, theme

# A channel adds its line.
SURFACES = {"web": _("Web chat"), "api": _("API"), "admin": _("Test pictures here")}
FEATURES = {
    access.IMAGE_GENERATION: _("Making pictures, everywhere"),
    access.IMAGE_EDIT: _("Changing pictures"),
    f"{access.TOOL}image_generation": _("The tool Image creation in chats"),
    **{f"{access.SURFACE}{name}": label for name, label in SURFACES.items()},
}


def _named(models: Any) -> list[tuple[str, str]]:
    return [(model.pk, f"{model.name} ({model.provider.name})") for model in models]


def _models_of(organisation: Any) -> Any:
    return Model.objects.of(organisation).select_related("provider").order_by("name")


class SwitchForm(SubjectForm):
    feature = forms.ChoiceField(
        label=_("Switched off"),
        choices=list(FEATURES.items()),
        widget=theme.Select,
        help_text=_("Delete the line to switch it on again."),
    )

    class Meta:
        model = FeatureSwitch
        fields = ("scope", "feature", "reason")


class ModelAccessForm(SubjectForm):
    model = forms.ChoiceField(label=_("Model"), widget=theme.Select)

    class Meta:
        model = ModelAccess
        fields = ("scope", "capability", "effect", "model")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if "model" in self.fields and self.organisation is not None:
            offered: Any = self.fields["model"]
            offered.choices = _named(_models_of(self.organisation))


class ImagePolicyForm(SubjectForm):
    allowed_models = LabelsField(
        label=_("Allowed models"), required=False, help_text=_("None chosen: all of them.")
    )
    surfaces = LabelsField(
        label=_("Allowed channels"),
        required=False,
        choices=list(SURFACES.items()),
        help_text=_("Where pictures may be made. None chosen: everywhere."),
    )
    confirm_above_micro = AmountField(
        label=_("Confirm above"),
        required=False,
        help_text=_(
            "What a wish may cost at most without whoever asks for it confirming the price. An "
            "amount such as 0.50. Empty: nobody is asked."
        ),
    )

    class Meta:
        model = ImagePolicy
        fields = ("scope", *ImagePolicy.LIMITS)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if "allowed_models" in self.fields and self.organisation is not None:
            draws = {Tag.IMAGE_GENERATION, Tag.IMAGE_EDIT}
            models = (row for row in _models_of(self.organisation) if draws & set(row.tags))
            offered: Any = self.fields["allowed_models"]
            offered.choices = _named(models)
        if "scope" in self.fields:
            scope: Any = self.fields["scope"]
            scope.choices = [each for each in Scope.choices if each[0] != Scope.USER]


class GuardrailForm(GovernedForm):
    terms = LinesField(
        label=_("Blocked terms"),
        required=False,
        help_text=_("One a line. Met as a whole word, however it is written or spaced."),
    )
    patterns = LinesField(
        label=_("Blocked patterns"),
        required=False,
        help_text=_(
            "Regular expressions, one a line, at most 200 characters. Every repetition needs an "
            "end, as in .{0,40}, so that none can run away."
        ),
    )

    model = forms.ChoiceField(
        label=_("Moderation model"),
        required=False,
        widget=theme.Select,
        help_text=_(
            "Asked about each prompt of a picture before any money is set aside for it. Whoever "
            "wants the picture pays for the question."
        ),
    )

    class Meta:
        model = Guardrail
        fields = (
            "name",
            "capability",
            "terms",
            "patterns",
            "model",
            "refuses",
            "lets_pass",
            "is_enabled",
        )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if "model" in self.fields and self.organisation is not None:
            offered: Any = self.fields["model"]
            chats = (row for row in _models_of(self.organisation) if Tag.CHAT in row.tags)
            offered.choices = [("", _("None")), *_named(chats)]


class Governing(OrganisationAdmin):
    right = "manage_policies"
    deletes = True
    readonly_fields = ("set_by_name", "set_at")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        access.save(actor=actor(request), row=obj)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        access.delete(actor=actor(request), row=obj)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        shown = super().get_changelist_instance(request)
        shown.result_list = self._with_names(request, list(shown.result_list))
        return shown

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        return self._with_names(request, [row])[0] if row is not None else None

    def _with_names(self, request: HttpRequest, rows: list[Any]) -> list[Any]:
        organisation = current(request)
        ids = {row.set_by for row in rows} | {getattr(row, "subject", "") for row in rows}
        names = names_of(ids, organisation) if organisation else {}
        if organisation:
            names |= dict(_named(_models_of(organisation)))
        for row in rows:
            row.names = names
        return rows

    @theme.display(description=_("set by"))
    def set_by_name(self, row: Any) -> str:
        return name_of(row.set_by, row.names) if row.set_by else ""


class Restricting(Governing):
    """`words` are what a reader sees in the place of a field of the form."""

    words: ClassVar[dict[str, str]] = {}
    said: ClassVar[tuple[str, ...]] = ()
    conditional_fields = {name: rule for name, rule in SHOWN_FOR_SCOPE.items() if name != "key"}
    search_fields = ("subject", "id")
    search_help_text = _("Search by the id of a person, team or assistant")
    list_filter = (by_word("scope", Scope.choices, _("applies to")),)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*self.readonly_fields, "whose", *self.words.values())

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        changes = self.has_change_permission(request, obj) if obj else True
        offered = dict(self.model._meta.get_field("scope").choices or ())  # type: ignore[union-attr]
        subjects = [SUBJECTS[scope][0] for scope in SUBJECTS if scope in offered]
        said = [name if changes else self.words.get(name, name) for name in self.said]
        seen = ((None, {"fields": self.readonly_fields}),) if obj is not None else ()
        return (
            (_("Whom it meets"), {"fields": ("scope", *(subjects if changes else ["whose"]))}),
            (_("What is taken away"), {"fields": said}),
            *seen,
        )

    def get_form(self, request: HttpRequest, obj: Any = None, *asked: Any, **options: Any) -> Any:
        """The fields for the subjects are the form's own, made when it knows its organisation."""
        own: Any = self.form
        may = self.has_change_permission(request, obj) if obj else True
        options["fields"] = list(own.Meta.fields) if may else []
        return super().get_form(request, obj, *asked, **options)

    def heading(self, row: Any) -> str:
        return f"{self.opts.verbose_name} · {self.whose(row)}"

    @theme.display(description=_("applies to"), ordering="scope")
    def whose(self, row: Any) -> str:
        return name_of(row.subject, row.names) if row.subject else str(bars.EVERY[row.scope])


class SwitchAdmin(Restricting):
    form = SwitchForm
    icon = "toggle_off"
    intro = _(
        "What is switched off, and for whom. Off wins: whoever is met by one line cannot use it, "
        "whatever an assistant or a request says. A team's line meets what the team pays for."
    )
    when_empty = _("Nothing is switched off.")
    consequences = _("It is switched on again at once.")
    help_texts = {"reason": _("Told to whoever asks for it, such as “Until the audit is over.”")}
    list_display = ("feature_name", "whose", "reason", "set_by_name", "set_at")
    words = {"feature": "feature_name"}
    said = ("feature", "reason")

    @theme.display(description=_("switched off"), ordering="feature")
    def feature_name(self, row: FeatureSwitch) -> str:
        return str(FEATURES.get(row.feature, row.feature))


class ModelAccessAdmin(Restricting):
    form = ModelAccessForm
    icon = "rule_settings"
    intro = _(
        "Which models may be asked. One that is denied is never used. As soon as one is allowed "
        "for somebody, they may use no other but those allowed so."
    )
    when_empty = _("Every model may be asked by everybody.")
    consequences = _("If it was the last one allowed there, all others are allowed again.")
    help_texts = {
        "capability": _("For chat, for pictures, or for both."),
        "effect": _("A denial always wins."),
    }
    list_display = ("model_name", "effect_name", "capability", "whose", "set_by_name", "set_at")
    words = {"model": "model_name"}
    said = ("model", "effect", "capability")

    @theme.display(description=_("model"))
    def model_name(self, row: Any) -> str:
        name: str = row.names.get(row.model, row.model)
        return name

    @theme.display(description=_("effect"), label={"deny": "danger", "allow": "success"})
    def effect_name(self, row: ModelAccess) -> tuple[str, str]:
        return row.effect, row.get_effect_display()


class ImagePolicyAdmin(Restricting):
    form = ImagePolicyForm
    icon = "photo_size_select_large"
    intro = _(
        "How big, how good and how many pictures may be, with which models and from where. Of "
        "several policies that meet a wish, the strictest counts. What is too much is refused "
        "before any money is set aside, never made smaller in silence."
    )
    when_empty = _("Nothing limits a picture but its model and the budgets.")
    help_texts = {
        "deadline_s": _(
            "Of one call for pictures, with its wait for a slot. Empty: as its provider says."
        ),
        "most_side": _("In pixels. Empty: as the model can."),
        "most_quality": _("Where nobody asks for a quality, the best that is allowed is taken."),
        "most_pictures": _("1 to 10. Empty: as the model can."),
        "most_per_answer": _("1 to 10, of all that one answer in a chat brings. Empty: 10."),
        "label": _(
            "Says “AI” where people see it, on what AI makes from then on. Originals stay. What a "
            "program draws, as Studio does, is no AI and carries none."
        ),
    }
    list_display = (
        "whose",
        "most_side",
        "most_quality",
        "most_pictures",
        "most_per_answer",
        "models_named",
        "set_by_name",
    )
    words = {
        "allowed_models": "models_named",
        "surfaces": "surfaces_named",
        "confirm_above_micro": "confirm_above",
    }
    said = ImagePolicyForm.Meta.fields[1:]

    @theme.display(description=_("allowed models"))
    def models_named(self, row: Any) -> str:
        named = [row.names.get(model, model) for model in row.allowed_models]
        return ", ".join(named) or _t("All")

    @theme.display(description=_("allowed channels"))
    def surfaces_named(self, row: ImagePolicy) -> str:
        return ", ".join(str(SURFACES.get(name, name)) for name in row.surfaces) or _t("All")

    @theme.display(description=_("confirm above"))
    def confirm_above(self, row: ImagePolicy) -> str:
        above = row.confirm_above_micro
        return "" if above is None else money.show(above, row.organisation.currency)


class GuardrailAdmin(Governing):
    form = GuardrailForm
    icon = "shield"
    intro = _(
        "What may not be said to a model, by people and by a model that asks for a picture. A "
        "prompt that meets one is refused for good; neither it nor the word is kept or told."
    )
    when_empty = _("No prompt is refused here. Providers have rules of their own.")
    help_texts = {
        "name": _("Told to whoever meets it, such as “Customer names”."),
        "capability": _("What people say in chats, prompts of pictures, or both."),
        "refuses": _("In your words, such as “Real people”. Empty: what is refused anywhere."),
        "lets_pass": _("Off: without a verdict there is no picture."),
        "is_enabled": _("Switched off, it meets nobody."),
    }
    list_display = ("name", "capability", "size", "is_enabled", "set_by_name", "set_at")
    list_filter = (by_word("capability", BudgetRule.Capability.choices, _("guards")),)
    search_fields = ("name",)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        seen = ((None, {"fields": self.readonly_fields}),) if obj is not None else ()
        return ((None, {"fields": GuardrailForm.Meta.fields}), *seen)

    @theme.display(description=_("entries"))
    def size(self, row: Guardrail) -> str:
        return str(len(row.terms) + len(row.patterns))

    def save_model(self, request: HttpRequest, obj: Guardrail, form: Any, change: bool) -> None:
        guardrails.save(actor=actor(request), rule=obj)

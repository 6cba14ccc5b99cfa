"""Connections: which service, by which key, how it fares, and what it offers."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from accounts.admin_base import GovernedForm, OrganisationAdmin, actor, by_word
from providers import catalogue, probe
from providers.admin import found
from providers.admin.labels import LABEL_OF_HEALTH, YES_NO
from providers.errors import ProviderFailed
from providers.models import Provider
from providers.models.connections import Health
from providers.registry import KINDS, adapter_for
from tale.lib import theme
from tale.lib.aio import waited
from tale.lib.refusals import Refusal


class ProviderForm(GovernedForm):
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=lambda: [(kind, name) for kind, (name, _path) in KINDS.items()],
        widget=theme.Select,
        help_text=_("Which service it is. The kind decides how it is spoken to."),
    )
    api_key = forms.CharField(
        label=_("API key"),
        required=False,
        strip=True,
        max_length=4000,
        widget=theme.Password(attrs={"autocomplete": "off"}, render_value=False),
        help_text=_("Kept encrypted and never shown again. Empty keeps the one that is there."),
    )
    forget_api_key = forms.BooleanField(
        label=_("Forget the API key"),
        required=False,
        widget=theme.Switch,
        help_text=_("Calls to this provider fail until you enter another."),
    )

    class Meta:
        model = Provider
        fields = (
            "kind",
            "name",
            "note",
            "region",
            "is_enabled",
            "base_url",
            "reaches_private",
            "options",
            "timeout_s",
            "most_at_once",
            "per_minute",
        )

    def clean_options(self) -> Any:
        sent = self.cleaned_data["options"]
        return {} if sent is None else sent


class ProviderAdmin(OrganisationAdmin):
    form = ProviderForm
    icon = "hub"
    right = "manage_providers"
    deletes = True
    intro = _("Connections to the services that answer and draw.")
    help_texts = {
        "name": _("As people see it beside the models."),
        "region": _("Where the data is processed, such as EU. Shown beside the models."),
        "base_url": _(
            "Empty: the service's own. For a compatible server its address up to and with /v1."
        ),
        "reaches_private": _(
            "For a server in your own house. Whoever runs Tale must have listed its host too."
        ),
        "options": _(
            'What only some servers need, as JSON: {"api_version": "2025-04-01-preview"}.'
        ),
        "is_enabled": _("Switched off, none of its models is offered or called."),
        "timeout_s": _("How long a call may take. Empty: what the kind of service needs."),
        "most_at_once": _("More calls wait in line, fairly. Empty: no limit of ours."),
        "per_minute": _("As your account there allows. Empty: no limit of ours."),
    }
    when_empty = _("Without a provider nothing answers and nothing draws.")
    list_display = ("label", "kind_name", "models", "state", "is_enabled")
    list_filter = (by_word("is_enabled", YES_NO, _("enabled")),)
    search_fields = ("name", "note")
    readonly_fields = ("key",)
    actions_detail = ("connection", "models_found")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        counted: QuerySet[Any] = rows.annotate(model_count=Count("models"))
        return counted

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        has_key = obj is not None and obj.credentials.exists()
        secret = ("key", "api_key", "forget_api_key") if has_key else ("api_key",)
        limits = ("timeout_s", "most_at_once", "per_minute")
        return (
            (None, {"fields": ("kind", "name", "note", "is_enabled")}),
            (_("Connection"), {"fields": ("base_url", *secret, "reaches_private")}),
            (_("Limits"), {"classes": ("collapse",), "fields": limits}),
            (
                _("Special cases"),
                {"classes": ("collapse",), "fields": ("region", "options")},
            ),
        )

    @theme.display(description=_("name"), header=True, ordering="name")
    def label(self, provider: Provider) -> list[str]:
        return [provider.name, provider.note]

    @theme.display(description=_("kind"), ordering="kind")
    def kind_name(self, provider: Provider) -> str:
        return str(KINDS[provider.kind][0]) if provider.kind in KINDS else provider.kind

    @theme.display(description=_("models"), ordering="model_count")
    def models(self, provider: Any) -> int:
        number: int = provider.model_count
        return number

    @theme.display(description=_("API key in use"))
    def key(self, provider: Provider) -> str:
        """Enough to tell two keys apart, nothing to guess one from."""
        marks = [row.fingerprint or str(row) for row in provider.credentials.all()]
        if not marks:
            return _t("none")
        return _t("set, fingerprint %(mark)s") % {"mark": ", ".join(marks)}

    @theme.display(description=_("health"), label=LABEL_OF_HEALTH, ordering="health")
    def state(self, provider: Provider) -> tuple[str, str]:
        return provider.health, str(Health(provider.health).label)

    def save_model(self, request: HttpRequest, obj: Provider, form: Any, change: bool) -> None:
        stored = self.stored(request, obj) if change else None
        said = dict(form.cleaned_data)
        secret = said.pop("api_key"), said.pop("forget_api_key", False)
        made = catalogue.save_provider(
            actor=actor(request),
            provider=stored,
            credential=secret[0],
            forget_credential=secret[1],
            **said,
        )
        self.adopt(obj, made)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> Any:
        """The next step is always the same: which of its models."""
        messages.success(
            request, _t("%(name)s is saved. Now choose its models.") % {"name": obj.name}
        )
        return HttpResponseRedirect(self.url(obj.pk, "models_found"))

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        provider = self.get_object(request, unquote(object_id))
        context = {}
        if provider is not None and self.may_act(request, provider):
            context["consequences"] = found.consequences(catalogue.affected_by(provider))
        return super().delete_view(request, object_id, {**context, **(extra_context or {})})

    def delete_model(self, request: HttpRequest, obj: Provider) -> None:
        catalogue.delete_provider(actor=actor(request), provider=obj, confirmed=True)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        provider = self.get_object(request, object_id)
        offered = provider is not None and self.may_act(request, provider)
        return super().get_actions_detail(request, object_id) if offered else []

    @theme.action(description=_("Test the connection"), icon="network_check")
    def connection(self, request: HttpRequest, object_id: str) -> HttpResponse:
        provider = self._governed(request, object_id)
        report = waited(probe.test)(provider) if request.method == "POST" else None
        if report is not None:
            provider.refresh_from_db()
        context = {"original": provider, "report": report, "back": self.url(provider.pk)}
        return self.show(request, "admin/connection.html", title=provider.name, **context)

    @theme.action(description=_("Choose models"), icon="playlist_add_check")
    def models_found(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What the service lists; ticked, it is ours, with what we know of it."""
        provider = self._governed(request, object_id)
        if request.method == "POST":
            return self._taken(request, provider)
        fault = ""
        try:
            listed = waited(adapter_for(provider).models)()
        except (ProviderFailed, Refusal) as failed:
            listed, fault = [], found.fault(failed)
        groups = found.groups(provider, listed)
        context = {
            "original": provider,
            "groups": groups,
            "fault": fault,
            "tags": found.TAGS,
            "needs_rate": found.needs_rate(provider),
            "currency": provider.organisation.currency,
            "back": self.url(provider.pk),
        }
        return self.show(request, "admin/models_found.html", title=provider.name, **context)

    def _taken(self, request: HttpRequest, provider: Provider) -> HttpResponse:
        try:
            made = found.take(actor(request), provider, request.POST)
        except Refusal as refusal:
            self.tell(request, refusal)
            return HttpResponseRedirect(self.url(provider.pk, "models_found"))
        messages.success(request, found.told(made))
        return HttpResponseRedirect(self.url(provider.pk))

    def _governed(self, request: HttpRequest, object_id: str) -> Provider:
        if request.method not in ("GET", "HEAD", "POST"):
            raise Refusal("method_not_allowed")
        provider: Provider = self.row_or_404(request, object_id)
        if not self.may_act(request, provider):
            raise Refusal("forbidden", right=self.right)
        return provider

"""Keys and profiles by which services know us."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from accounts.admin_base import GovernedForm, OrganisationAdmin, actor, of_own
from providers import credentials
from providers.admin.labels import LABEL_OF_HEALTH
from providers.models import Credential, Provider
from providers.models.connections import Health
from tale.lib import theme
from tale.lib.refusals import Refusal

SECRET = {"autocomplete": "off"}
# A form has no field of a sealed column: what goes in is not what is kept.
COLUMNS = {"api_key": "secret", "own_secret": "client_secret", "renewing": "refresh_token"}


def _secret(label: Any, text: Any) -> forms.CharField:
    widget = theme.Password(attrs=SECRET, render_value=False)
    return forms.CharField(
        label=label, required=False, strip=True, max_length=8000, widget=widget, help_text=text
    )


def _address(label: Any, text: Any) -> forms.URLField:
    return forms.URLField(
        label=label,
        required=False,
        assume_scheme="https",
        max_length=200,
        widget=theme.Text,
        help_text=text,
    )


class CredentialForm(GovernedForm):
    authorize_url = _address(_("Sign-in address"), _("Where the browser goes to sign in."))
    token_url = _address(_("Token address"), _("Where tokens are renewed."))
    api_key = _secret(
        _("API key"),
        _("For an API key. Kept encrypted and never shown again. Empty keeps the one there is."),
    )
    own_secret = _secret(_("Client secret"), _("Where the service gave you one."))
    renewing = _secret(_("Refresh token"), _("For an imported profile, if you have only it."))
    profile = forms.CharField(
        label=_("Profile file"),
        required=False,
        max_length=20_000,
        widget=theme.Lines(attrs={"rows": 4, **SECRET}),
        help_text=_("The sign-in file of another program, pasted whole. Only its tokens are kept."),
    )

    class Meta:
        model = Credential
        fields = (
            "provider",
            "kind",
            "name",
            "is_enabled",
            "grant",
            "client_id",
            "authorize_url",
            "token_url",
            "scopes",
        )


class CredentialAdmin(OrganisationAdmin):
    form = CredentialForm
    icon = "passkey"
    right = "manage_providers"
    deletes = True
    intro = _(
        "Keys and sign-in profiles by which services know us. A provider may have several: healthy "
        "profiles are tried first, then the others in order."
    )
    help_texts = {
        "name": _("Such as whose account it is. An expired profile is named by it."),
        "grant": _("How a profile is signed in: by you in the browser, by the client alone, …"),
        "scopes": _("As the service asks for them, with spaces between."),
    }
    titles = {
        "provider": _("provider"),
        "expires_at": _("expires"),
        "used_at": _("last used"),
    }
    consequences = _("Calls go on with the provider's other credentials, if there are any.")
    when_empty = _("A provider in your own house may need none.")
    list_display = ("label", "provider", "kind", "state", "expires_at", "used_at", "is_enabled")
    list_filter = (of_own(Provider, "provider", _("provider")),)
    list_select_related = ("provider",)
    search_fields = ("name",)
    readonly_fields = ("host", "mark", "state", "expires_at", "used_at")
    actions_detail = ("sign_in",)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        oauth_fields = ("grant", "client_id", "own_secret", "authorize_url", "token_url")
        about = ("host", "mark", "state", "expires_at", "used_at") if obj is not None else ()
        return (
            (None, {"fields": ("provider", "kind", "name", "is_enabled", "api_key")}),
            (
                _("OAuth profile"),
                {
                    "classes": () if obj is not None and obj.kind == "oauth" else ("collapse",),
                    "fields": (*oauth_fields, "scopes", "renewing", "profile"),
                },
            ),
            *(((_("State"), {"fields": about}),) if about else ()),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fixed = ("provider", "kind") if obj is not None else ()
        return (*super().get_readonly_fields(request, obj), *fixed)

    @theme.display(description=_("credential"), header=True, ordering="name")
    def label(self, credential: Credential) -> list[str]:
        return [str(credential), credential.fingerprint]

    @theme.display(description=_("fingerprint"))
    def mark(self, credential: Credential) -> str:
        return credential.fingerprint or _t("none")

    @theme.display(description=_("health"), label=LABEL_OF_HEALTH, ordering="health")
    def state(self, credential: Credential) -> tuple[str, str]:
        return credential.health, str(Health(credential.health).label)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.select_related("provider")

    def save_model(self, request: HttpRequest, obj: Credential, form: Any, change: bool) -> None:
        said = form.cleaned_data.items()
        sent = {COLUMNS.get(name, name): value for name, value in said if value not in ("", None)}
        who = actor(request)
        if change:
            sent = {"is_enabled": form.cleaned_data["is_enabled"], **sent}
            made = credentials.change(actor=who, credential=self.stored(request, obj), **sent)
        else:
            sent.setdefault("is_enabled", form.cleaned_data["is_enabled"])
            made = credentials.add(actor=who, **sent)
        self.adopt(obj, made)

    def delete_model(self, request: HttpRequest, obj: Credential) -> None:
        credentials.remove(actor=actor(request), credential=obj)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        row = self.get_object(request, object_id)
        offered = (
            row is not None and row.grant == Credential.Grant.CODE and self.may_act(request, row)
        )
        return super().get_actions_detail(request, object_id) if offered else []

    @theme.action(description=_("Sign in"), icon="login")
    def sign_in(self, request: HttpRequest, object_id: str) -> HttpResponse:
        credential: Credential = self.row_or_404(request, object_id)
        if not self.may_act(request, credential):
            raise Refusal("forbidden", right=self.right)
        return HttpResponseRedirect(reverse("providers:sign-in", args=[credential.pk]))

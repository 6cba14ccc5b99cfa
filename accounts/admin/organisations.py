from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from accounts.admin_base import GovernedForm, OrganisationAdmin, actor, is_operator
from accounts.models import Organisation
from assistants import storage
from policies import terms
from policies.models import Entry
from tale.lib import theme

OF_PICTURES = ("storage_mib", "counts_generated", "link_minutes", "publishes_origins")
CURRENCIES = "EUR CHF USD GBP AUD BRL CAD CNY CZK DKK HUF INR JPY MXN NOK NZD PLN RON SEK SGD ZAR"


class SettingsForm(GovernedForm):
    class Meta:
        model = Organisation
        fields = (
            "name",
            "language",
            "time_zone",
            "currency",
            "status",
            "storage_mib",
            "counts_generated",
            "link_minutes",
            "publishes_origins",
        )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, words in (("currency", CURRENCIES.split()), ("time_zone", _time_zones())):
            if name in self.fields:
                kept = getattr(self.instance, name)
                offered = words if kept in words else [kept, *words]
                self.fields[name].widget = theme.Select(choices=[(each, each) for each in offered])


class OrganisationSettings(OrganisationAdmin):
    """One's own: the list of one leads straight to it."""

    form = SettingsForm
    icon = "apartment"
    plural = _("Organisation")
    titles = {"id": _("id"), "created_at": _("founded")}
    help_texts = {
        "name": _("As your people and their mails show it."),
        "language": _("Of mails to people who have not chosen their own."),
        "status": _("Suspended: nobody signs in here and no key works, until it is active again."),
    }
    right = "manage_organisation"
    adds = False
    owner_field = "pk"
    list_display = ("name", "state", "currency", "time_zone", "created_at")
    search_fields = ("name", "id")
    readonly_fields = ("id", "created_at", "weight")
    actions = None

    def rows_of(self, organisation: Organisation) -> QuerySet[Any]:
        return Organisation.objects.filter(pk=organisation.pk)

    def every_row(self) -> QuerySet[Any]:
        return Organisation.objects.all()

    def get_list_display(self, request: HttpRequest) -> Any:
        return self.list_display

    def get_list_filter(self, request: HttpRequest) -> Any:
        return ()

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        if is_operator(request):
            return super().changelist_view(request, extra_context)
        only = self.get_queryset(request).get()
        return HttpResponseRedirect(self.url(only.pk))

    @theme.display(description=_("state"), label={"active": "success", "suspended": "danger"})
    def state(self, row: Organisation) -> tuple[str, str]:
        return row.status, row.get_status_display()

    @theme.display(description=_("stored now"))
    def weight(self, row: Organisation) -> str:
        total = storage.total_of(row)
        parts = {
            "uploaded": filesizeformat(total.uploaded),
            "made": filesizeformat(total.generated),
        }
        return _t("%(uploaded)s uploaded, %(made)s generated") % parts

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        operators = ("status",) if is_operator(request) else ()
        return (
            (None, {"fields": ("name", "language", "time_zone", "currency")}),
            (_("Pictures"), {"fields": (*OF_PICTURES, "weight")}),
            (_("About"), {"fields": (*operators, "id", "created_at")}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """All money of an organisation is in one currency, so the first entry fixes it."""
        fixed = obj is not None and Entry.objects.of(obj).exists()
        return (*self.readonly_fields, "currency") if fixed else self.readonly_fields

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        fields = {name: form.cleaned_data[name] for name in form.changed_data}
        if fields:
            terms.change(actor=actor(request), now=timezone.now(), **fields)


def _time_zones() -> list[str]:
    return sorted(name for name in available_timezones() if "/" in name)

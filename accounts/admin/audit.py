from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.cache import cache
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from accounts import audit, trail
from accounts.admin_base import Choice, ReadOnly, actor, by_days, current, history
from accounts.admin_base.actions import NAMES, SURFACES, named
from accounts.admin_base.history import detail_of, name_in, names_in
from accounts.models import AuditLine, Membership, Pseudonym
from tale.lib import theme
from tale.lib.refusals import Refusal

KEEP_S = 30 * 24 * 3600


class ByPerson(Choice):
    title = _("who")
    parameter_name = "who"

    def lookups(self) -> list[tuple[str, Any]]:
        organisation = current(self.request)
        if organisation is None:
            return []
        here = Membership.objects.of(organisation).select_related("user")[:500]
        return [(row.pk, str(row)) for row in here]

    def narrow(self, rows: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        organisation = current(self.request)
        mine = Membership.objects.filter(organisation=organisation, pk=chosen).values("user")
        whose = Pseudonym.objects.filter(chain=organisation and organisation.pk, user__in=mine)
        return rows.filter(who__in=whose.values("pk"))


class ByAction(Choice):
    title = _("action")
    parameter_name = "action"

    def lookups(self) -> list[tuple[str, Any]]:
        return sorted(NAMES.items(), key=lambda item: str(item[1]))

    def narrow(self, rows: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        return rows.filter(action=chosen)


class ByOutcome(Choice):
    title = _("outcome")
    parameter_name = "outcome"
    words = (("done", _("Done")), ("refused", _("Refused")))

    def narrow(self, rows: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        return rows.filter(outcome="done") if chosen == "done" else rows.exclude(outcome="done")


class BySurface(Choice):
    title = _("from where")
    parameter_name = "surface"
    words = tuple(SURFACES.items())

    def narrow(self, rows: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        return rows.filter(surface=chosen)


class AuditAdmin(ReadOnly):
    icon = "fact_check"
    view_right = "view_audit"
    owner_field = "chain"
    change_list_template = "admin/audit.html"
    intro = _(
        "Who did what, from where, and what it was before. Each line is chained to the one before "
        "it: it can be neither changed nor taken out without that being seen."
    )
    list_display = ("at", "by", "what", "about", "result", "surface_name")
    list_display_links = ("at",)
    list_filter = (ByPerson, ByAction, ByOutcome, BySurface, by_days("at", _("time")))
    list_select_related = ("detail",)
    search_fields = ("action", "target", "target_kind", "who", "key", "request_id")
    search_help_text = _("Search by person, action, object id or request")
    ordering = ("-id",)
    show_full_result_count = False
    actions = None

    def get_urls(self) -> list[Any]:
        shut = self.admin_site.admin_view
        return [
            path("export/", shut(self.export), name="accounts_auditline_export"),
            path("verify/", shut(self.verify), name="accounts_auditline_verify"),
            *super().get_urls(),
        ]

    @theme.display(description=_("time"), ordering="id")
    def at(self, line: AuditLine) -> datetime:
        return line.at

    @theme.display(description=_("who"), header=True)
    def by(self, line: Any) -> list[str]:
        name = line.names.get(line.who) or line.names.get(line.key) or line.who or line.key
        return [name or _t("Nobody signed in"), detail_of(line).get("address", "")]

    @theme.display(description=_("action"), header=True)
    def what(self, line: AuditLine) -> list[str]:
        return [named(line.action), line.action]

    @theme.display(description=_("object"), header=True)
    def about(self, line: Any) -> list[str]:
        return [name_in(line, line.names), line.target]

    @theme.display(description=_("outcome"), label={"done": "success", "refused": "danger"})
    def result(self, line: AuditLine) -> tuple[str, str]:
        is_done = line.outcome == "done"
        return ("done", _t("Done")) if is_done else ("refused", line.outcome)

    @theme.display(description=_("from where"))
    def surface_name(self, line: AuditLine) -> str:
        return str(SURFACES.get(line.surface, line.surface))

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        shown = super().get_changelist_instance(request)
        shown.result_list = _with_names(list(shown.result_list))
        return shown

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        line = super().get_object(request, object_id, from_field)
        return _with_names([line])[0] if line is not None else None

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        found, several = super().get_search_results(request, queryset, search_term)
        organisation = current(request)
        if search_term and organisation is not None:
            here = Q(user__memberships__organisation=organisation, chain=organisation.pk)
            like = Q(user__name__icontains=search_term) | Q(user__email__icontains=search_term)
            people = Pseudonym.objects.filter(here & like)
            found |= queryset.filter(who__in=people.values("pk"))
        return found, several

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        organisation = current(request)
        seal = cache.get(_seal_of(organisation.pk)) if organisation else None
        context = {"seal": seal, "may_verify": organisation is not None}
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def links(self, request: HttpRequest) -> list[dict[str, Any]]:
        """What is shown, as a file: with the filters of the list."""
        if current(request) is None:
            return []
        asked = request.GET.copy()
        links = []
        for form, title in (("csv", _t("CSV")), ("json", _t("JSON"))):
            asked["form"] = form
            address = f"{reverse('admin:accounts_auditline_export')}?{asked.urlencode()}"
            links.append({"title": title, "icon": "download", "address": address})
        return links

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: Any = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        if request.method == "POST" or object_id is None:
            raise Refusal("append_only")
        line = self.row_or_404(request, object_id)
        told = history.told([line])[0]
        context = {"heading": told.action, "original": line, "told": told}
        return self.show(request, "admin/audit_line.html", **context)

    def export(self, request: HttpRequest) -> HttpResponse:
        """What the list shows, with its filters, as a file."""
        form = request.GET.get("form", "csv")
        if form not in ("csv", "json"):
            raise Refusal("invalid_choice", field="form")
        asked = request.GET.copy()
        asked.pop("form", None)
        request.GET = asked  # type: ignore[assignment]
        found = self.get_changelist_instance(request).get_queryset(request)
        who = actor(request)
        mine = found.filter(chain=who.organisation.pk)  # an operator's list has all of them
        try:
            file = trail.export(actor=who, found=mine, form=form)
        except Refusal as refusal:
            self.tell(request, refusal)
            return HttpResponseRedirect(f"{self.url()}?{asked.urlencode()}")
        name = f"audit-{timezone.localdate():%Y-%m-%d}.{form}"
        kind = "text/csv" if form == "csv" else "application/json"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return HttpResponse(file, content_type=f"{kind}; charset=utf-8", headers=headers)

    def verify(self, request: HttpRequest) -> HttpResponse:
        """Reads the whole chain, so it is asked for by a button and remembered with its time."""
        who = actor(request)
        who.require(self.view_right)
        if request.method != "POST":
            return HttpResponseRedirect(self.url())
        chain = who.organisation.pk
        last = AuditLine.objects.of(who.organisation).order_by("-seq").first()
        fault = audit.verify(chain)
        seal = {"at": timezone.now(), "fault": fault, "lines": last.seq if last else 0}
        cache.set(_seal_of(chain), seal, KEEP_S)
        if fault:
            messages.error(request, _t("The chain is broken: %(fault)s.") % {"fault": fault})
        else:
            messages.success(request, _t("Every line is as it was written."))
        return HttpResponseRedirect(self.url())


def _with_names(lines: list[Any]) -> list[Any]:
    names = names_in(lines)
    for line in lines:
        line.names = names
    return lines


def _seal_of(chain: str) -> str:
    return f"audit-verified:{chain}"

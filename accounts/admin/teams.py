from __future__ import annotations

from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import people
from accounts.admin_base import OrganisationAdmin, OrganisationInline, actor
from accounts.models import Team, TeamMember
from tale.lib import theme


class TeamMembers(OrganisationInline):
    model = TeamMember
    verbose_name, verbose_name_plural = _("member"), _("members")
    hide_title = True
    labels = {"membership": _("Person")}
    help_texts = {"is_lead": _("Leads see what the team spends.")}
    right = "manage_teams"
    deletes = True
    fields = ("membership", "is_lead")
    autocomplete_fields = ("membership",)
    ordering = ("membership__user__email",)
    per_page = 100  # a form of more than 1000 fields is refused

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("membership__user", "team")


class TeamAdmin(OrganisationAdmin):
    icon = "groups"
    right = "manage_teams"
    deletes = True
    intro = _(
        "A team shares budgets and assistants. Its leads may see what it spends. "
        "Every spend counts for one team at most."
    )
    consequences = _(
        "Its members stay in the organisation. Budget rules that name the team meet nobody any "
        "more, and keys that it paid for spend on no team. What was spent stays in the ledger."
    )
    titles = {"created_at": _("made")}
    list_display = ("name", "people", "leads", "created_at")
    search_fields = ("name",)
    fields = ("name",)
    help_texts = {"name": _("As its members know it. Names are unique in the organisation.")}
    inlines = (TeamMembers,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        counted = Count("members"), Count("members", filter=Q(members__is_lead=True))
        return super().get_queryset(request).annotate(people=counted[0], leads=counted[1])

    @theme.display(description=_("members"), ordering="people")
    def people(self, team: Any) -> int:
        number: int = team.people
        return number

    @theme.display(description=_("leads"), ordering="leads")
    def leads(self, team: Any) -> int:
        number: int = team.leads
        return number

    def save_model(self, request: HttpRequest, obj: Team, form: Any, change: bool) -> None:
        team = self.stored(request, obj) if change else None
        self.adopt(obj, people.save_team(actor=actor(request), team=team, name=obj.name))

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        if formset.has_changed():
            members = _members_after(formset, team=form.instance)
            people.set_team_members(actor=actor(request), team=form.instance, members=members)

    def delete_model(self, request: HttpRequest, obj: Team) -> None:
        people.delete_team(actor=actor(request), team=obj)


def _members_after(formset: Any, *, team: Team) -> dict[str, bool]:
    """Who is not on this page of the form stays as they are."""
    rows = TeamMember.objects.filter(team=team).values_list("membership_id", "is_lead")
    members = dict(rows)
    changed = [row for row in formset.forms if row.has_changed()]
    for row in changed:
        members.pop(row.initial.get("membership"), None)
    for row in changed:
        if row not in formset.deleted_forms:
            members[row.cleaned_data["membership"].pk] = row.cleaned_data["is_lead"]
    return members

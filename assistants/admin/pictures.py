"""Every picture of the organisation: what it is, whose, what it cost, how long it is kept."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.actor import Actor
from accounts.admin_base import (
    GovernedForm,
    OrganisationAdmin,
    actor,
    by_days,
    by_word,
    current,
)
from accounts.models import ApiKey
from assistants import lifetimes, looking
from assistants.admin import facts, shown
from assistants.admin.picture_filters import ByModel, ByOwner, ByState
from assistants.deletion import ALIVE, is_held
from assistants.models import Artifact
from chats import deletion, delivery, pictures
from chats.access import alive
from policies import legal
from tale.lib import theme
from tale.lib.aio import waited
from tale.lib.refusals import Refusal

LABEL_OF_STATE = {"ready": "success", "aside": "warning", "deleting": "warning", "deleted": ""}
HOLDS = "manage_policies"
AT_ONCE = 20  # more of them wait for the sweeper, and the page does not
LISTED = 50


class PictureForm(GovernedForm):
    expires_on = forms.DateField(
        label=_("Until"),
        required=False,
        widget=theme.Date,
        help_text=_("It is deleted when this day is over."),
    )

    class Meta:
        model = Artifact
        fields = ("retention",)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        until = self.instance.expires_at
        if until is not None:
            last = timezone.localtime(until) - timedelta(seconds=1)
            self.initial["expires_on"] = last.date()

    def clean(self) -> dict[str, Any]:
        """The column follows from the day, before the database looks at both."""
        said = super().clean() or self.cleaned_data
        is_over = said.get("retention") == Artifact.Retention.TEMPORARY
        self.instance.expires_at = _end_of(said.get("expires_on")) if is_over else None
        if is_over and not said.get("expires_on") and "expires_on" not in self.errors:
            self.add_error("expires_on", forms.ValidationError(_("Choose the day."), "required"))
        return said


class PictureAdmin(facts.Facts, OrganisationAdmin):
    form = PictureForm
    icon = "photo_library"
    right = "manage_chats"
    adds = False
    deletes = True
    intro = _(
        "Every picture that was made or sent here: whose it is, what it cost, how long it stays. "
        "What it shows and says stays covered until you say why you look."
    )
    when_empty = _("Nobody has made a picture yet.")
    consequences = _(
        "Its bytes, everything made of it and its words go; a proof of that stays, and so does "
        "what was paid."
    )
    titles = {
        "created_at": _("made"),
        "expires_at": _("until"),
        "media_type": _("format"),
        "sha256": _("hash"),
    }
    list_display = ("label", "whose", "model_name", "size", "created_at", "state_name", "stays")
    list_filter = (
        ByState,
        by_word("origin", Artifact.Origin.choices, _("origin")),
        ByModel,
        ByOwner,
        by_word("retention", Artifact.Retention.choices, _("retention")),
        by_days("created_at", _("made")),
    )
    list_select_related = ("owner",)
    list_before_template = "admin/pictures_before.html"
    search_fields = ("id", "sha256", "home", "owner__email", "owner__name")
    conditional_fields = {"expires_on": "retention == 'temporary'"}
    actions = ("delete_chosen",)
    actions_detail = ("content",)
    show_full_result_count = False

    def get_urls(self) -> list[Any]:
        shut = self.admin_site.admin_view
        name = "assistants_artifact"
        return [
            path("content/", shut(self.contents), name=f"{name}_contents"),
            path("content/hide/", shut(self.covered), name=f"{name}_covered"),
            path("<str:object_id>/file/", shut(self.file), name=f"{name}_file"),
            *super().get_urls(),
        ]

    # What is seen.

    def get_search_fields(self, request: HttpRequest) -> Any:
        """Who may not read the words cannot find out by searching for them either."""
        words = shown.WORDS if shown.is_shown(request) else ()
        return (*self.search_fields, *words)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        context = {"content_shown": shown.is_shown(request)}
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def links(self, request: HttpRequest) -> list[dict[str, Any]]:
        if not self.may_act(request) or shown.is_shown(request):
            return []
        address = reverse("admin:assistants_artifact_contents")
        return [{"title": _t("Show content"), "icon": "visibility", "address": address}]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        by = _t("Search by person, id or hash")
        if shown.is_shown(request):
            by = _t("Search by prompt, description, person, id or hash")
        changelist.search_help_text = by
        changelist.result_list = self._seen(request, list(changelist.result_list))
        return changelist

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        return self._seen(request, [row])[0] if row is not None else None

    def _seen(self, request: HttpRequest, rows: list[Any]) -> list[Any]:
        organisation = current(request)
        held = legal.covered(organisation) if organisation else None
        found = ApiKey.objects.of(organisation) if organisation else ApiKey.objects.none()
        keys = dict(found.filter(pk__in={row.key for row in rows}).values_list("pk", "name"))
        for row in rows:
            row.key_name = keys.get(row.key, row.key)
            here = organisation is not None and row.organisation_id == organisation.pk
            row.is_held = bool(here and held and is_held(row, held))
            row.may_hold = here and row.state in ALIVE and self.may_act(request, row, HOLDS)
            shown.masked(request, row)
        return rows

    def heading(self, row: Any) -> str:
        return row.alt or row.pk if row.is_shown else str(row.pk)

    @theme.display(description=_("picture"), ordering="id")
    def label(self, row: Any) -> Any:
        return facts.label(row)

    @theme.display(description=_("person"), ordering="owner__email")
    def whose(self, row: Any) -> str:
        return str(row.owner) if row.owner else row.key_name or _t("Nobody")

    @theme.display(description=_("model"), header=True, ordering="model")
    def model_name(self, row: Artifact) -> list[str]:
        return [row.model, row.get_origin_display()]

    @theme.display(description=_("size"), ordering="size_bytes")
    def size(self, row: Artifact) -> str:
        return facts.size(row)

    @theme.display(description=_("state"), label=LABEL_OF_STATE, ordering="state")
    def state_name(self, row: Artifact) -> tuple[str, str]:
        return row.state, row.get_state_display()

    @theme.display(description=_("stays"), ordering="retention")
    def stays(self, row: Any) -> Any:
        if row.is_held:
            return format_html('<span class="t-badge t-badge--bad">{}</span>', _t("Legal hold"))
        return facts.retention(row) if row.state in ALIVE else ""

    # One of them.

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        may = obj is not None and self.has_change_permission(request, obj)
        kept = ("retention", "expires_on") if may else ("stays",)
        content = ("view", "description", "prompt", "revised", "adjusted")
        return (
            (None, {"fields": content if obj is not None and obj.is_shown else ("hidden_note",)}),
            (_("How it was made"), {"fields": facts.MADE}),
            (_("What it cost"), {"fields": facts.COST}),
            (_("The file"), {"fields": facts.FILE}),
            (_("How long it stays"), {"fields": (*kept, "held_by")}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        parts = [part for _title, part in self.get_fieldsets(request, obj)]
        named = [name for part in parts for name in part["fields"]]
        return tuple(name for name in named if name not in ("retention", "expires_on"))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and _is_there(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and _is_there(obj)

    def save_model(self, request: HttpRequest, obj: Artifact, form: Any, change: bool) -> None:
        said = form.cleaned_data
        kept = lifetimes.keep(
            actor=actor(request),
            picture=self.stored(request, obj),
            retention=said["retention"],
            expires_at=_end_of(said["expires_on"]),
            now=timezone.now(),
        )
        self.adopt(obj, kept)

    def delete_model(self, request: HttpRequest, obj: Artifact) -> None:
        end = waited(pictures.delete)
        end(actor=actor(request), artifact_id=obj.pk, now=timezone.now())

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        row = self.get_object(request, object_id)
        offered = row is not None and _is_there(row) and self.may_act(request, row)
        offered = offered and not row.is_shown
        return super().get_actions_detail(request, object_id) if offered else []

    # Its content.

    @theme.action(description=_("Show content"), icon="visibility")
    def content(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._look(request, object_id, _t("Show this picture?"))

    def contents(self, request: HttpRequest) -> HttpResponse:
        return self._look(request, "", _t("Show the pictures and what was asked for?"))

    def _look(self, request: HttpRequest, object_id: str, title: str) -> HttpResponse:
        def look(who: Actor, picture: Artifact | None, reason: str) -> None:
            looking.look(actor=who, picture=picture, reason=reason)
            shown.show(request, picture)

        return self.reasoned(
            request,
            object_id,
            look,
            _t("Shown for a quarter of an hour."),
            title=title,
            text=_t("People did not have it made for you to see. Say why you look."),
            button=_t("Show"),
        )

    def covered(self, request: HttpRequest) -> HttpResponse:
        if request.method == "POST":
            shown.hide(request)
        return HttpResponseRedirect(self.url())

    def file(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Its bytes, for whoever said why."""
        asked = delivery.asked_in(request.GET)
        row = self.row_or_404(request, object_id)
        if not self.may_act(request, row) or not row.is_shown:
            raise Refusal("forbidden", right=self.right)
        deliver: Any = waited(delivery.deliver)
        answer: HttpResponse = deliver(request, alive(row), asked)
        return answer

    # Many of them.

    @theme.action(description=_("Delete the chosen pictures"), permissions=["delete"])
    def delete_chosen(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """First what would go and what stays; then it goes."""
        who, now = actor(request), timezone.now()
        rows = list(queryset.order_by("-created_at")[: deletion.BATCH + 1])
        try:
            if len(rows) > deletion.BATCH:
                raise Refusal("too_many_items", _t("Choose 500 at most at a time."))
            if not all(self.is_here(request, row) for row in rows):
                raise Refusal("forbidden")
            query = Artifact.objects.of(who.organisation).filter(pk__in=[row.pk for row in rows])
            is_sure = "confirmed" in request.POST
            told = deletion.run(
                query=query,
                actor=who,
                reason=deletion.Reason.ADMIN,
                now=now,
                dry_run=not is_sure,
                at_once=len(rows) <= AT_ONCE,
            )
        except Refusal as refusal:
            self.tell(request, refusal)
            return None
        if is_sure:
            _say(request, told)
            return None
        seen = self._seen(request, rows)
        return self.show(
            request,
            "admin/delete_pictures.html",
            title=_t("Delete these pictures?"),
            rows=seen[:LISTED],
            more=max(len(seen) - LISTED, 0),
            chosen=[row.pk for row in seen],
            checkbox=ACTION_CHECKBOX_NAME,
            told=told,
            consequences=self.consequences,
            back=self.url(),
        )


def _is_there(row: Any) -> bool:
    return not isinstance(row, Artifact) or row.state in ALIVE


def _end_of(day: date | None) -> datetime | None:
    """The day itself is still within, as the organisation counts its days."""
    if day is None:
        return None
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))


def _say(request: HttpRequest, told: deletion.Told) -> None:
    text = ngettext("%(n)d picture is deleted.", "%(n)d pictures are deleted.", told.pictures)
    if told.pictures:
        messages.success(request, text % {"n": told.pictures})
    if told.open:
        waits = ngettext(
            "The bytes of %(n)d go within a minute; its proof says when.",
            "The bytes of %(n)d go within a minute; their proofs say when.",
            told.open,
        )
        messages.info(request, waits % {"n": told.open})
    if told.held:
        kept = ngettext(
            "%(n)d stays: a legal hold covers it.",
            "%(n)d stay: a legal hold covers them.",
            told.held,
        )
        messages.warning(request, kept % {"n": told.held})

"""What is known of a picture, in words: how it was made, what it cost, what its file says."""

from __future__ import annotations

from typing import Any

from django.db.models import Sum
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from assistants.deletion import ALIVE, WORDS
from assistants.models import Artifact
from policies.models import Entry
from tale.lib import money, theme

MADE = ("picture_id", "whose", "created_at", "model_name", "parameters_said", "chat")
COST = ("cost", "wish_id")
FILE = ("state_name", "size", "media_type", "sha256", "credentials", "renditions_made")
PARAMETERS = {
    "operation": _("operation"),
    "size": _("size"),
    "quality": _("quality"),
    "background": _("background"),
    "format": _("format"),
    "seed": _("seed"),
    "n": _("pictures"),
}
CREDENTIALS = {
    "ours": _("Marked by us as made by a machine"),
    "provider": _("The provider's own, untouched"),
    "": _("None: it was uploaded"),
    "none": _("None: this format could not be marked"),
}


def label(row: Any) -> SafeString:
    """In a list: with its picture, where it is shown."""
    short = f"art_…{row.pk[-8:]}"  # two of one wish begin alike
    if not row.is_shown or row.state != Artifact.State.READY:
        return format_html("<code>{}</code>", short)
    return format_html(
        '<span class="t-pictured"><img class="t-thumb" src="{}?variant=thumb" alt="" width="{}"'
        ' height="{}" loading="lazy"><span>{}<small>{}</small></span></span>',
        _file(row),
        row.width,
        row.height,
        row.alt,
        short,
    )


def size(row: Artifact) -> str:
    sides = f"{row.width} × {row.height} · " if row.width else ""
    return sides + filesizeformat(row.size_bytes)


def retention(row: Artifact) -> str:
    if row.retention == Artifact.Retention.ORDINARY and not row.home:
        return _t("Until it is deleted: it has no chat")
    if row.expires_at is None:
        return row.get_retention_display()
    day = date_format(timezone.localtime(row.expires_at), "SHORT_DATETIME_FORMAT")
    return _t("Until %(day)s") % {"day": day}


class Facts:
    """The fields of its page."""

    @theme.display(description=_("content"))
    def hidden_note(self, row: Artifact) -> str:
        if row.state not in ALIVE:
            return _t("Deleted, and its words with it.")
        return _t("Covered. Showing it takes a reason, which the audit keeps.")

    @theme.display(description=_("picture"))
    def view(self, row: Artifact) -> SafeString | str:
        if row.state != Artifact.State.READY:
            return self.hidden_note(row)
        return format_html(
            '<a href="{0}"><img class="t-preview" src="{0}?variant=preview" alt="{1}" width="{2}"'
            ' height="{3}"></a>',
            _file(row),
            row.alt,
            row.width,
            row.height,
        )

    @theme.display(description=_("description"))
    def description(self, row: Artifact) -> str:
        return row.alt

    @theme.display(description=_("really asked for"))
    def revised(self, row: Artifact) -> str:
        return row.revised_prompt

    @theme.display(description=_("id"))
    def picture_id(self, row: Artifact) -> SafeString:
        return format_html("<code>{}</code>", row.pk)

    @theme.display(description=_("as it was made"))
    def parameters_said(self, row: Artifact) -> str:
        known = row.parameters
        said = [f"{name} {known[key]}" for key, name in PARAMETERS.items() if known.get(key)]
        return " · ".join(said)

    @theme.display(description=_("changed to fit"))
    def adjusted(self, row: Any) -> SafeString | str:
        """Sizes and counts are no secret; what was written is, until it is shown."""
        lines = [
            (change["field"], change["asked"], change.get("got") or "–", change.get("why") or "")
            for change in row.parameters.get("adjustments", ())
            if row.is_shown or change["field"] not in WORDS
        ]
        told = format_html_join("", "<li>{}: {} → {} <small>{}</small></li>", lines)
        return format_html('<ul class="t-plain">{}</ul>', told) if lines else _t("Nothing")

    @theme.display(description=_("lives in"))
    def chat(self, row: Artifact) -> SafeString | str:
        if not row.home:
            return _t("No chat: it was made outside of one")
        address = reverse("admin:chats_chat_change", args=[row.home])
        return theme.more(address, row.home)

    @theme.display(description=_("cost"))
    def cost(self, row: Artifact) -> SafeString | str:
        """Of its wish: what was billed for several pictures is not split in hindsight."""
        job = row.job
        if job is None or not job.hold:
            return _t("Nothing was paid for it.")
        mine = Entry.objects.of(row.organisation).filter(hold=job.hold)
        billed = mine.order_by().aggregate(sum=Sum("amount_micro"), pictures=Sum("pictures"))
        number = billed["pictures"] or 0
        amount = money.show(billed["sum"] or 0, row.organisation.currency)
        text = ngettext("%(amount)s", "%(amount)s for %(n)d pictures", number)
        address = f"{reverse('admin:policies_entry_changelist')}?q={job.hold}"
        said = text % {"amount": amount, "n": number}
        return format_html("{} {}", said, theme.more(address, _t("Entries")))

    @theme.display(description=_("job"))
    def wish_id(self, row: Artifact) -> SafeString | str:
        return format_html("<code>{}</code>", row.job_id) if row.job_id else ""

    @theme.display(description=_("credentials"))
    def credentials(self, row: Artifact) -> str:
        return str(CREDENTIALS.get(row.marked_by, "–"))

    @theme.display(description=_("made of it"))
    def renditions_made(self, row: Artifact) -> str:
        made = list(row.renditions.filter(artifact=row).order_by("variant"))
        said = ", ".join(each.variant for each in made)
        if not made:
            return _t("Nothing")
        return f"{said} · {filesizeformat(sum(each.size_bytes for each in made))}"

    @theme.display(description=_("legal hold"))
    def held_by(self, row: Any) -> SafeString | str:
        address = reverse("admin:policies_legalhold_changelist")
        if row.is_held:
            text = _t("It cannot be deleted: a legal hold covers it.")
            return format_html(
                '{} <a class="t-more" href="{}">{}</a>', text, address, _t("Legal holds")
            )
        asked = f"{reverse('admin:policies_legalhold_add')}?scope=picture&picture={row.pk}"
        if not row.may_hold:
            return _t("None")
        return format_html(
            '{} <a class="t-more" href="{}">{}</a>', _t("None"), asked, _t("Set one")
        )


def _file(row: Artifact) -> str:
    return reverse("admin:assistants_artifact_file", args=[row.pk])

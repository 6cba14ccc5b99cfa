"""That pictures are gone: when, by whom, why, and a look whether it is true."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.admin_base import ReadOnly, by_days, by_word, current
from accounts.models import Pseudonym
from assistants import deletion
from assistants.models import DeletionProof
from tale.lib import theme
from tale.lib.refusals import Refusal


class ProofAdmin(ReadOnly):
    icon = "delete_forever"
    intro = _(
        "One line for each picture that was deleted for good. Nobody can change or remove one. It "
        "knows the hashes of what was there, and nothing of what it showed."
    )
    when_empty = _("No picture was deleted yet.")
    titles = {"artifact": _("picture"), "at": _("deleted")}
    list_display = ("at", "artifact", "why", "who_name", "files", "bytes_gone")
    list_filter = (
        by_word("reason", DeletionProof.Reason.choices, _("reason")),
        by_days("at", _("deleted")),
    )
    search_fields = ("id", "artifact", "home", "sha256")
    search_help_text = _("Search by picture, chat or hash")
    fields = (
        "proof_id",
        "picture",
        "at",
        "why",
        "who_name",
        "chat",
        "files",
        "bytes_gone",
        "hashes",
    )
    readonly_fields = fields
    actions = None
    actions_detail = ("look_again",)
    show_full_result_count = False

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        shown = super().get_changelist_instance(request)
        shown.result_list = self._with_names(request, list(shown.result_list))
        return shown

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        return self._with_names(request, [row])[0] if row is not None else None

    def _with_names(self, request: HttpRequest, rows: list[Any]) -> list[Any]:
        organisation = current(request)
        chain = organisation.pk if organisation else ""
        people = Pseudonym.objects.filter(chain=chain, pk__in={row.who for row in rows})
        names = {person.pk: str(person.user) for person in people.select_related("user")}
        for row in rows:
            row.names = names
        return rows

    @theme.display(description=_("reason"), ordering="reason")
    def why(self, proof: DeletionProof) -> str:
        return proof.get_reason_display()

    @theme.display(description=_("who"))
    def who_name(self, proof: Any) -> str:
        return proof.names.get(proof.who, proof.who) if proof.who else _t("By itself")

    @theme.display(description=_("size"), ordering="size_bytes")
    def bytes_gone(self, proof: DeletionProof) -> str:
        return filesizeformat(proof.size_bytes)

    @theme.display(description=_("proof"))
    def proof_id(self, proof: DeletionProof) -> SafeString:
        return format_html("<code>{}</code>", proof.pk)

    @theme.display(description=_("picture"))
    def picture(self, proof: DeletionProof) -> SafeString:
        address = reverse("admin:assistants_artifact_change", args=[proof.artifact])
        return theme.more(address, proof.artifact)

    @theme.display(description=_("chat"))
    def chat(self, proof: DeletionProof) -> str:
        return proof.home

    @theme.display(description=_("hashes of what was there"))
    def hashes(self, proof: DeletionProof) -> SafeString:
        rows = ((each,) for each in proof.sha256)
        return format_html(
            '<ul class="t-plain">{}</ul>', format_html_join("", "<li><code>{}</code></li>", rows)
        )

    @theme.action(description=_("Is it really gone?"), icon="fact_check")
    def look_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """It changes nothing, so whoever reads proofs may look."""
        proof = self.row_or_404(request, object_id)
        if not self.has_view_permission(request, proof):
            raise Refusal("forbidden", right=self.view_right)
        try:
            left = deletion.left_of(proof)
        except Refusal as refusal:
            self.tell(request, refusal)
            return HttpResponseRedirect(self.url(proof.pk))
        if left:
            text = ngettext(
                "%(n)d file is still in the store.",
                "%(n)d files are still in the store.",
                len(left),
            )
            messages.error(request, text % {"n": len(left)})
        else:
            messages.success(request, _t("Looked just now: none of its files is in the store."))
        return HttpResponseRedirect(self.url(proof.pk))

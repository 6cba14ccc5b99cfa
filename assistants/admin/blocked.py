"""Pictures that may not be made again: what looks like one is paid for, and shown to nobody."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin_base import GovernedForm, OrganisationAdmin, actor
from assistants import gate, inspection
from assistants.forms import TAKEN
from assistants.models import BlockedPicture
from tale.lib import theme
from tale.lib.aio import waited
from tale.lib.refusals import Refusal


class BlockedForm(GovernedForm):
    file = forms.FileField(
        label=_("Picture"),
        widget=theme.File(attrs={"accept": TAKEN}),
        help_text=_("PNG, JPEG or WebP, at most 20 MB. It is looked at and not kept."),
    )

    class Meta:
        model = BlockedPicture
        fields = ("name",)

    def clean_file(self) -> UploadedFile[Any]:
        file: UploadedFile[Any] = self.cleaned_data["file"]
        try:
            if (file.size or 0) > gate.MOST_UPLOADED:
                raise Refusal("file_too_large", field="file", limit_bytes=gate.MOST_UPLOADED)
            gate.look_at_sent(file.read())
        except Refusal as refusal:
            raise forms.ValidationError(str(refusal), code=refusal.code) from refusal
        file.seek(0)
        return file


class BlockedPictureAdmin(OrganisationAdmin):
    form = BlockedForm
    icon = "hide_image"
    right = "manage_policies"
    changes = False
    deletes = True
    intro = _(
        "What no picture may look like, such as a rival's logo. A new one that looks like it, also "
        "in another size, is shown to nobody. It was paid for all the same: the model had drawn it."
    )
    when_empty = _("No picture is held back for what it looks like.")
    consequences = _("What looks like it is shown again from then on.")
    help_texts = {"name": _("For those who read this list.")}
    list_display = ("name", "set_at")
    search_fields = ("name",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("name", "file") if obj is None else ("name", "sha256", "set_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else ("name", "sha256", "set_at")

    def save_model(
        self, request: HttpRequest, obj: BlockedPicture, form: Any, change: bool
    ) -> None:
        block = waited(inspection.block)
        content = form.cleaned_data["file"].read()
        self.adopt(obj, block(actor=actor(request), name=obj.name, content=content))

    def delete_model(self, request: HttpRequest, obj: BlockedPicture) -> None:
        inspection.unblock(actor=actor(request), row=obj)

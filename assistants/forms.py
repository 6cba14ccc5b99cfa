"""What is sent to be recognised: a file, or its hash."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import StrictForm
from accounts.models import Organisation
from assistants import gate, origins
from assistants.origins import Origin
from tale.lib.aio import waited
from tale.lib.refusals import Refusal

TAKEN = "image/png,image/jpeg,image/webp"


class OriginForm(StrictForm):
    file = forms.FileField(
        label=_("Picture"),
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": TAKEN}),
        help_text=_("PNG, JPEG or WebP, at most 20 MB. It is looked at and not kept."),
    )
    sha256 = forms.CharField(
        label=_("Or its SHA-256 hash"),
        required=False,
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("Finds the very same file alone."),
    )

    def answer(self, organisation: Organisation | None) -> Origin:
        sent: dict[str, Any] = self.checked()
        file, sha256 = sent["file"], sent["sha256"]
        origins.require_one(file, sha256)
        if file is None:
            return origins.of_hash(sha256, organisation)
        if file.size > gate.MOST_UPLOADED:
            raise Refusal("file_too_large", field="file", limit_bytes=gate.MOST_UPLOADED)
        return waited(origins.of_file)(file.read(), organisation)

import secrets

from django import forms

from tale.lib.refusals import Refusal


class SayForm(forms.Form):
    text = forms.CharField(max_length=32_000, strip=False)
    client_token = forms.CharField(max_length=64, min_length=8)
    assistant = forms.CharField(max_length=40, required=False)

    def checked(self) -> dict[str, str]:
        """The fields, or the first thing wrong with them as a refusal that names it."""
        if not self.is_valid():
            field, errors = next(iter(self.errors.as_data().items()))
            code = {"required": "blank", "max_length": "too_long"}.get(
                errors[0].code or "", "invalid_value"
            )
            raise Refusal(code, errors[0].messages[0], field=field)
        return self.cleaned_data


def new_token() -> str:
    return secrets.token_urlsafe(16)

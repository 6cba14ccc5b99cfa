"""How a call can fail, named by what it means for the money and for the next try.

ProviderFailed
├── NotBilled      certainly not billed: the hold goes back. `retry` says who may try again:
│   │              NEVER, AFTER `after_s` seconds the same one, or ELSEWHERE another model
│   ├── Stopped        we ended it ourselves, on somebody's word
│   ├── Declined   the provider's own refusal of the content: final, tried nowhere else
│   ├── Limited    too many requests: the same one, later
│   ├── NoCredit   our account there is empty: an admin must pay
│   ├── BadKey     the credential is refused
│   └── Retired    the model is gone
└── Doubtful       nobody knows: the money stays set aside until somebody does
"""

from __future__ import annotations

from enum import Enum

from django.utils.translation import gettext_lazy as _

from providers.shapes import Usage
from tale.lib.refusals import Refusal, Text


class Retry(Enum):
    NEVER = "never"
    AFTER = "after"
    ELSEWHERE = "elsewhere"
    UNKNOWN_CHARGE = "unknown_charge"


class ProviderFailed(Exception):
    retry = Retry.UNKNOWN_CHARGE
    after_s: float = 0

    @property
    def lets_another_try(self) -> bool:
        """Nothing was billed, and another model may do what this one could not, or not soon."""
        return self.usage is None and self.retry in (Retry.ELSEWHERE, Retry.AFTER)

    def __init__(
        self,
        code: str = "provider_error",
        message: Text = "",
        *,
        field: str = "",
        request_id: str = "",
        usage: Usage | None = None,
    ) -> None:
        """`field` names what the provider refused. `usage`: what it bills all the same."""
        self.code = code
        self.message = message
        self.field = field
        self.request_id = request_id
        self.usage = usage
        super().__init__(code)

    def as_refusal(self) -> Refusal:
        return Refusal(self.code, self.message, field=self.field)


class NotBilled(ProviderFailed):
    retry = Retry.ELSEWHERE


class Unfit(NotBilled):
    """It refuses what we asked for as it was asked: our mapping is wrong, no other try helps."""

    retry = Retry.NEVER


class Stopped(NotBilled):
    retry = Retry.NEVER

    def __init__(self) -> None:
        super().__init__("cancelled")


class Declined(NotBilled):
    retry = Retry.NEVER

    def __init__(self, message: Text = "", **more: object) -> None:
        super().__init__("content_policy", message, **more)  # type: ignore[arg-type]


class Limited(NotBilled):
    retry = Retry.AFTER

    def __init__(self, after_s: float = 1, message: Text = "", **more: object) -> None:
        self.after_s = after_s
        super().__init__("provider_rate_limited", message, **more)  # type: ignore[arg-type]

    def as_refusal(self) -> Refusal:
        return Refusal(self.code, self.message, retry_after=max(1, round(self.after_s)))


class NoCredit(NotBilled):
    def __init__(self, message: Text = "", **more: object) -> None:
        text = message or _("The account at the provider is out of credit. Tell an administrator.")
        super().__init__("provider_error", text, **more)  # type: ignore[arg-type]


class BadKey(NotBilled):
    def __init__(self, message: Text = "", **more: object) -> None:
        super().__init__("provider_auth", message, **more)  # type: ignore[arg-type]


class Retired(NotBilled):
    def __init__(self, message: Text = "", **more: object) -> None:
        super().__init__("model_not_found", message, **more)  # type: ignore[arg-type]


class Doubtful(ProviderFailed):
    pass

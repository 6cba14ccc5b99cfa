"""How a call can fail, named by what it means for the money.

ProviderFailed
├── NotBilled    certainly not billed: the hold goes back, another try may follow
│   └── Declined the provider's own refusal of the content: final, tried nowhere else
└── Doubtful     nobody knows: the money stays set aside until somebody does
"""

from tale.lib.refusals import Refusal, Text


class ProviderFailed(Exception):
    def __init__(self, code: str = "provider_error", message: Text = "") -> None:
        self.code = code
        self.message = message
        super().__init__(code)

    def as_refusal(self) -> Refusal:
        return Refusal(self.code, self.message)


class NotBilled(ProviderFailed):
    pass


class Declined(NotBilled):
    def __init__(self, message: Text = "") -> None:
        super().__init__("content_policy", message)


class Doubtful(ProviderFailed):
    pass

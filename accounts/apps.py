from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("People & keys")

    def ready(self) -> None:
        from accounts import signins  # noqa: PLC0415  knows models, which stand only now

        signins.listen()

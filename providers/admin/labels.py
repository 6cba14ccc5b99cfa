"""How the lists of this section show what several of them have."""

from django.utils.translation import gettext_lazy as _

LABEL_OF_HEALTH = {"ok": "success", "failing": "danger", "unknown": "info"}
YES_NO = (("True", _("Yes")), ("False", _("No")))

"""What the actions of the audit are called. Their codes are stable, their names are not."""

from django.utils.functional import Promise
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

NAMES: dict[str, Promise] = {
    "account.changed": _("Account changed"),
    "assistant.changed": _("Assistant changed"),
    "assistant.created": _("Assistant created"),
    "alias.changed": _("Alias changed"),
    "alias.created": _("Alias created"),
    "alias.deleted": _("Alias deleted"),
    "answer.asked": _("Answer asked for"),
    "audit.exported": _("Audit exported"),
    "budget_rule.changed": _("Budget rule changed"),
    "budget_rule.created": _("Budget rule created"),
    "budget_rule.deleted": _("Budget rule deleted"),
    "credential.changed": _("Credential changed"),
    "credential.created": _("Credential created"),
    "credential.deleted": _("Credential deleted"),
    "credential.reordered": _("Credentials put in order"),
    "credential.signed_in": _("Credential signed in"),
    "email.changed": _("E-mail address changed"),
    "fallbacks.changed": _("Fallbacks changed"),
    "featureswitch.changed": _("Feature switch changed"),
    "featureswitch.created": _("Feature switched off"),
    "featureswitch.deleted": _("Feature switched on again"),
    "guardrail.changed": _("Guardrail changed"),
    "guardrail.created": _("Guardrail created"),
    "guardrail.deleted": _("Guardrail deleted"),
    "imagepolicy.changed": _("Image policy changed"),
    "imagepolicy.created": _("Image policy created"),
    "imagepolicy.deleted": _("Image policy deleted"),
    "invitation.accepted": _("Invitation accepted"),
    "invitation.refused": _("Invitation refused"),
    "invitation.revoked": _("Invitation revoked"),
    "invitation.sent": _("Invitation sent"),
    "key.created": _("API key created"),
    "key.revoked": _("API key revoked"),
    "key.used": _("API key used"),
    "lockout.released": _("Lock-out released"),
    "member.added": _("Member added"),
    "member.changed": _("Member changed"),
    "member.deactivated": _("Member switched off"),
    "member.reactivated": _("Member switched on"),
    "model.changed": _("Model changed"),
    "model.created": _("Model created"),
    "model.retires": _("Model retires soon"),
    "model.returned": _("Model listed again"),
    "model.vanished": _("Model no longer listed"),
    "modelaccess.changed": _("Model access changed"),
    "modelaccess.created": _("Model access created"),
    "modelaccess.deleted": _("Model access deleted"),
    "modeldefault.changed": _("Default model changed"),
    "modeldefault.created": _("Default model set"),
    "modeldefault.deleted": _("Default model deleted"),
    "organisation.changed": _("Organisation changed"),
    "organisation.founded": _("Organisation founded"),
    "organisation.transferred": _("Ownership transferred"),
    "password.changed": _("Password changed"),
    "password.reset": _("Password reset"),
    "picture.asked": _("Picture asked for"),
    "price.set": _("Price set"),
    "price.withdrawn": _("Price withdrawn"),
    "profile.changed": _("Profile changed"),
    "provider.changed": _("Provider changed"),
    "provider.created": _("Provider created"),
    "provider.deleted": _("Provider deleted"),
    "session.ended": _("Signed out"),
    "session.locked": _("Account locked"),
    "session.refused": _("Sign-in refused"),
    "session.started": _("Signed in"),
    "team.changed": _("Team changed"),
    "team.created": _("Team created"),
    "team.deleted": _("Team deleted"),
    "team.members_changed": _("Team members changed"),
}


SURFACES: dict[str, Promise] = {
    "web": _("Web"),
    "admin": _("Administration"),
    "api": _("API"),
    "setup": _("Set-up"),
}


def named(action: str) -> str:
    """An action without a name is a refused request: its method and address speak."""
    if action in NAMES:
        return str(NAMES[action])
    return _t("Request") if " " in action else action

"""What is sent where an empty body would be refused for being empty."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.core.files.uploadedfile import SimpleUploadedFile

from tests.matrix.cast import Actor
from tests.people import PASSWORD
from tests.upstream.pictures import picture
from tests.upstream.scripted import png

if TYPE_CHECKING:
    from tests.matrix.world import World

Body = dict[str, Any]
Sender = Callable[["World", Actor], Body]

SAID = {"text": "a fox in the snow", "client_token": "a-token-of-the-matrix"}
DRAWN = {"prompt": "a fox in the snow"}
WHY = {"reason": "a case"}
BRANDNEW = "some seven greener herons"


def _own_member(world: World, actor: Actor) -> Body:
    return {"members": [{"member": world.objects["member"][actor.home]["pk"], "is_lead": True}]}


def _file() -> SimpleUploadedFile:
    return SimpleUploadedFile("fresh.png", png(64, 64))


class _Lasting(SimpleUploadedFile):
    """A form is written once and sent by everybody."""

    def read(self, *size: Any) -> bytes:
        self.seek(0)
        content: bytes = super().read(*size)
        return content


def _logo() -> SimpleUploadedFile:
    """With something to know it by."""
    return _Lasting("logo.png", picture(64, 64, weight=20_000))


def _near(world: World, actor: Actor, kind: str) -> str:
    """Of their own organisation; a closed one has none."""
    known = world.objects[kind]
    return str(known.get(actor.home, known["acme"])["pk"])


SENT: dict[str, Sender] = {
    "account_change_password POST": lambda world, actor: {
        "oldpassword": PASSWORD,
        "password1": BRANDNEW,
        "password2": BRANDNEW,
    },
    "account_email POST": lambda world, actor: {"action_add": "", "email": "fresh@acme.test"},
    "account_login POST": lambda world, actor: {"login": "bob@acme.test", "password": PASSWORD},
    "account_reauthenticate POST": lambda world, actor: {"password": PASSWORD},
    "account_reset_password POST": lambda world, actor: {"email": "bob@acme.test"},
    "account_signup POST": lambda world, actor: {
        "email": "fresh@acme.test",
        "password1": BRANDNEW,
        "password2": BRANDNEW,
    },
    "accounts:keys POST": lambda world, actor: {"name": "fresh", "scopes": ["read"], "days": 30},
    "accounts:invitation POST": lambda world, actor: {"name": "Fresh", "password": BRANDNEW},
    "accounts:profile POST": lambda world, actor: {"name": "Somebody", "language": "de"},
    "accounts:switch POST": lambda world, actor: {
        "organisation": world.organisations[actor.home].pk,
    },
    "api:invitations POST": lambda world, actor: {"email": "new@fresh.test", "role": "member"},
    "admin:providers_provider_models_found POST": lambda world, actor: {
        "other": "fresh",
        "other_tags": "vision",
    },
    "admin:assistants_artifact_content POST": lambda world, actor: WHY,
    "admin:assistants_artifact_contents POST": lambda world, actor: WHY,
    "admin:policies_entry_correct POST": lambda world, actor: {
        "what": "more",
        "amount": "0.01",
        **WHY,
    },
    "admin:providers_model_trial POST": lambda world, actor: {
        **DRAWN,
        "size": "auto",
        "quality": "auto",
        "token": "a token of the matrix",
    },
    "admin:policies_loss_ask_provider POST": lambda world, actor: WHY,
    "admin:policies_loss_refund POST": lambda world, actor: WHY,
    "admin:policies_loss_write_off POST": lambda world, actor: WHY,
    "admin:policies_hold_book POST": lambda world, actor: WHY,
    "admin:policies_hold_give_back POST": lambda world, actor: WHY,
    "admin:policies_legalhold_release POST": lambda world, actor: WHY,
    "api:keys POST": lambda world, actor: {"name": "fresh", "scopes": ["read"]},
    "api:member PATCH": lambda world, actor: {"is_author": True},
    "api:model PATCH": lambda world, actor: {"name": "fresh"},
    "api:model-defaults PUT": lambda world, actor: {
        "tag": "vision",
        "model": _near(world, actor, "seer"),
    },
    "api:model-prices POST": lambda world, actor: {"unit": "picture", "amount": "0.05"},
    "api:models POST": lambda world, actor: {
        "provider": _near(world, actor, "providers.provider"),
        "remote_id": "fresh",
        "name": "fresh",
        "tags": ["chat"],
    },
    "api:picture-check POST": lambda world, actor: DRAWN,
    "api:picture PATCH": lambda world, actor: {"alt": "fresh"},
    "api:picture-origin POST": lambda world, actor: {"file": _file()},
    "api:pictures POST": lambda world, actor: {"file": _file()},
    "api:provider PATCH": lambda world, actor: {"name": "fresh"},
    "api:provider-credentials POST": lambda world, actor: {"api_key": "sk-fresh"},
    "api:providers POST": lambda world, actor: {"kind": "studio", "name": "fresh"},
    "api:team PATCH": lambda world, actor: {"name": "fresh"},
    "api:organisation PATCH": lambda world, actor: {"name": "Renamed"},
    "api:team-members PUT": _own_member,
    "api:teams POST": lambda world, actor: {"name": "fresh"},
    "admin:origins POST": lambda world, actor: {"sha256": "0" * 64},
    "assistants:verify POST": lambda world, actor: {"sha256": "0" * 64},
    "chats:say POST": lambda world, actor: SAID,
    "chats:start POST": lambda world, actor: SAID,
    "openai-edits POST": lambda world, actor: DRAWN | {"image": _file()},
    "openai-images POST": lambda world, actor: DRAWN,
}


def _id(kind: str) -> Callable[[World, str], str]:
    return lambda world, home: str(world.objects[kind][home]["pk"])


# What is written into a form of the admin before it is sent: into all of them, into a new one.
WRITTEN: dict[str, tuple[Body, Body]] = {
    "accounts.apikey": ({}, {"name": "fresh"}),
    "accounts.invitation": ({}, {"email": "new@fresh.test"}),
    "accounts.membership": ({"is_author": "on"}, {}),
    "accounts.organisation": ({"name": "Renamed"}, {}),
    "accounts.team": ({"name": "fresh"}, {}),
    "accounts.user": ({"name": "Renamed"}, {}),
    "assistants.assistant": ({"name": "fresh"}, {}),
    "policies.budgetrule": ({"limit": "7"}, {"scope": "organisation", "capability": "chat"}),
    "policies.featureswitch": ({"reason": "fresh"}, {"feature": "image_edit"}),
    "policies.modelaccess": (
        {"effect": "deny"},
        {"model": _id("seer"), "capability": "chat"},
    ),
    "policies.imagepolicy": (
        {"most_pictures": "3"},
        {"scope": "team", "team": _id("team")},
    ),
    "assistants.blockedpicture": (
        {},
        {"name": "fresh", "file": lambda world, home: _logo()},
    ),
    "assistants.artifact": ({"retention": "kept"}, {}),
    "policies.legalhold": (
        {},
        {"scope": "chat", "chat": _id("chats.chat"), "reason": "a case"},
    ),
    "policies.guardrail": ({"terms": "fresh"}, {"name": "fresh"}),
    "providers.model": (
        {"name": "fresh"},
        {"remote_id": "fresh", "provider": _id("providers.provider"), "tags": "chat"},
    ),
    "providers.modeldefault": (
        {"model": _id("seer")},
        {"tag": "vision"},
    ),
    "providers.alias": ({"name": "fresh", "model": _id("seer")}, {}),
    "providers.credential": (
        {"name": "fresh"},
        {"provider": _id("providers.provider"), "kind": "key", "api_key": "sk-fresh"},
    ),
    "providers.fallback": (
        {"model": _id("seer"), "position": "2"},
        {"tag": "vision"},
    ),
    "providers.provider": ({"name": "fresh"}, {"kind": "studio"}),
}


# What stands behind the question mark, where an operation is not done without it.
ASKED = {"api:provider DELETE": "?confirmed=true"}


def written(world: World, kind: str, home: str, *, anew: bool) -> Body:
    always, first = WRITTEN.get(kind, ({}, {}))
    fields = {**always, **first} if anew else always
    return {
        name: value(world, home) if callable(value) else value for name, value in fields.items()
    }

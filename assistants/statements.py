"""What anybody may read of a picture whose organisation says so in public: that it was made here,
when, by AI or not, and what its file says. No prompt, no person, no model, and not the picture.

Its address is the picture's id, which nobody can guess; whoever has a file finds it in there.
"""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from accounts.models import Organisation
from assistants.models import Artifact
from tale.lib.refusals import NotFound

PREFIX = "art_"


def address_of(picture_id: str) -> str:
    return reverse("assistants:statement", args=[picture_id.removeprefix(PREFIX)])


def link_to(picture_id: str, organisation: Organisation) -> str:
    """Empty: the organisation says nothing in public."""
    return settings.TALE_URL + address_of(picture_id) if is_public(organisation) else ""


def is_public(organisation: Organisation) -> bool:
    return organisation.publishes_origins and organisation.is_active


def of(key: str) -> Artifact:
    """Deleted ones too: that it was made stays true."""
    rows = Artifact.unscoped.select_related("organisation").exclude(state=Artifact.State.ASIDE)
    found = rows.filter(pk=PREFIX + key, origin=Artifact.Origin.GENERATED).first()
    if found is None or not is_public(found.organisation):
        raise NotFound
    return found

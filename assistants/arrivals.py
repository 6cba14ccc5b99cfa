"""What a provider sent, on disk before anything looks at it, and until it is booked.

One file a hold, written at once: pictures, and what the provider said it bills. Whoever finds it
after its process died can finish the job as that process would have.
"""

from __future__ import annotations

import json
from dataclasses import asdict

from django.core.files.storage import storages

from assistants import artifacts, spool
from providers.shapes import Finished, Picture, Usage


def write(hold_id: str, finished: Finished) -> None:
    head = {
        "usage": asdict(finished.usage),
        "revised_prompt": finished.revised_prompt,
        "missing": finished.missing,
        "pictures": [(each.media_type, len(each.content)) for each in finished.pictures],
    }
    contents = (each.content for each in finished.pictures)
    spool.keep(path_of(hold_id), b"\n".join((json.dumps(head).encode(), b"".join(contents))))


def read(hold_id: str) -> Finished | None:
    """None: nothing came, or nobody wrote it down."""
    came = spool.read(path_of(hold_id))
    if came is None:
        try:
            with storages["default"].open(path_of(hold_id)) as file:
                came = file.read()
        except FileNotFoundError:
            return None
    first, _, contents = came.partition(b"\n")
    head = json.loads(first)
    pictures, start = [], 0
    for media_type, length in head["pictures"]:
        pictures.append(Picture(contents[start : start + length], media_type))
        start += length
    return Finished(
        tuple(pictures),
        Usage(**head["usage"]),
        revised_prompt=head["revised_prompt"],
        missing=head["missing"],
    )


def path_of(hold_id: str) -> str:
    return f"{artifacts.folder_of(hold_id)}/came"

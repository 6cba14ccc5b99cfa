"""What was made, in the words of OpenAI's clients: effective values, never "auto"."""

from __future__ import annotations

import base64
import time
from datetime import datetime
from typing import Any

from assistants.models import Artifact
from chats import links
from chats.delivery import Asked


def of(made: list[Artifact], *, as_links: bool, now: datetime) -> dict[str, Any]:
    first = made[0]
    is_clear = first.parameters.get("background") == "transparent"
    return {
        "created": int(time.time()),
        "data": [
            {
                **_file(artifact, as_links=as_links, now=now),
                "revised_prompt": artifact.revised_prompt,
            }
            for artifact in made
        ],
        "background": "transparent" if is_clear else "opaque",
        "output_format": first.media_type.rpartition("/")[2],
        "quality": first.parameters["quality"],
        "size": f"{first.width}x{first.height}",
    }


def _file(artifact: Artifact, *, as_links: bool, now: datetime) -> dict[str, str]:
    if as_links:
        return {"url": links.give(artifact, Asked(), now=now).url}
    return {"b64_json": base64.b64encode(artifact.get_bytes()).decode()}

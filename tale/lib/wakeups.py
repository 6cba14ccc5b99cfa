"""The embedded broker: messages as files in a folder, by Kombu's filesystem transport.

Its own (5.7) opens a file under its final name and then writes it. A worker that looks in between
reads half a message and dies of it. Here a message gets its name when it is whole.
"""

from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]
        folder = Path(self.data_folder_out)
        name = f"{round(monotonic() * 1000)}_{uuid4()}"
        half = folder / f"{name}.half"
        half.write_bytes(dumps(payload).encode())  # type: ignore[no-untyped-call]
        half.rename(folder / f"{name}.{queue}.msg")


class Transport(filesystem.Transport):
    Channel = Channel


def use() -> None:
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"

"""The store on this machine's disk: a file has its name once it is whole and on the disk.

Django's own writes under the final name, and a process that dies meanwhile leaves half a file
where others look for a whole one.
"""

import os
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.core.files.storage import FileSystemStorage
from django.utils._os import safe_makedirs

HALVES = "half"
DEAD_AFTER_S = 3600


class Disk(FileSystemStorage):
    def _save(self, name: str, content: Any) -> str:
        half = self.path(super()._save(f"{HALVES}/{uuid4().hex}", content))  # type: ignore[misc]
        whole = Path(self.path(name))
        safe_makedirs(whole.parent, self.directory_permissions_mode or 0o777, exist_ok=True)
        with open(half, "rb") as file:
            os.fsync(file.fileno())
        os.rename(half, whole)
        return name

    def forget_halves(self) -> None:
        """Of processes that died while they wrote."""
        folder = Path(self.path(HALVES))
        for half in folder.iterdir() if folder.exists() else ():
            if time.time() - half.stat().st_mtime > DEAD_AFTER_S:
                half.unlink(missing_ok=True)

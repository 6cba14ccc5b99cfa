"""A file on disk is whole or not there."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.files.base import ContentFile

from tale.lib.disk import DEAD_AFTER_S, Disk


class Broken(ContentFile):  # type: ignore[type-arg]
    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        yield b"half of "
        raise OSError("no space left")


def test_it_works(tmp_path: Path) -> None:
    store = Disk(tmp_path, directory_permissions_mode=0o700)
    assert store.save("gen/hold_1/came", ContentFile(b"whole")) == "gen/hold_1/came"
    assert (tmp_path / "gen/hold_1/came").read_bytes() == b"whole"
    assert (tmp_path / "gen").stat().st_mode & 0o777 == 0o700
    assert not list((tmp_path / "half").iterdir())


def test_half_a_file_never_has_its_name(tmp_path: Path) -> None:
    store = Disk(tmp_path)
    with pytest.raises(OSError, match="no space"):
        store.save("gen/hold_1/came", Broken(b""))
    assert not store.exists("gen/hold_1/came")
    store.forget_halves()
    (half,) = (tmp_path / "half").iterdir()  # somebody may be writing it
    long_ago = time.time() - DEAD_AFTER_S - 1
    os.utime(half, (long_ago, long_ago))
    store.forget_halves()
    assert not half.exists()

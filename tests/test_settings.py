"""A wrong or missing value stops the start, in one line that names it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import ROOT

KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
PRODUCTION = {
    "TALE_ENV": "production",
    "SECRET_KEY": "x7" * 30,
    "TALE_KEYS": KEY,
    "TALE_URL": "https://tale.example",
    "TALE_HOSTS": "tale.example",
}


def start(home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    plain = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env={**plain, "TALE_HOME": str(home), **environment},
        capture_output=True,
        text=True,
    )


def test_a_whole_production_environment_starts(tmp_path: Path) -> None:
    done = start(tmp_path, **PRODUCTION)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"TALE_KEYS": ""}, "TALE_KEYS"),
        ({"TALE_KEYS": "c2hvcnQ="}, "TALE_KEYS"),
        ({"TALE_URL": ""}, "TALE_URL"),
        ({"TALE_URL": "http://tale.example"}, "TALE_URL"),
        ({"TALE_HOSTS": ""}, "TALE_HOSTS"),
        ({"TALE_HOSTS": "*"}, "TALE_HOSTS"),
        ({"TALE_DEBUG": "1"}, "TALE_DEBUG"),
        ({"TALE_ENV": "prod"}, "TALE_ENV"),
        ({"TALE_PORT": "abc"}, "TALE_PORT"),
        ({"TALE_PORT": "70000"}, "TALE_PORT"),
        ({"DATABASE_URL": "mysql://root@host/db"}, "DATABASE_URL"),
        ({"TALE_STORAGE": "ftp"}, "TALE_STORAGE"),
        ({"TALE_STORAGE": "s3"}, "TALE_S3_BUCKET"),
        ({"TALE_PRIVATE_HOSTS": "localhost,http://localhost:11434"}, "TALE_PRIVATE_HOSTS"),
        ({"TALE_PUBLIC_HOSTS": "*"}, "TALE_PUBLIC_HOSTS"),
        ({"TALE_SIGNING_KEY": "leaf.key"}, "TALE_SIGNING_CERTIFICATE"),
    ],
)
def test_a_wrong_value_is_named(tmp_path: Path, change: dict[str, str], named: str) -> None:
    done = start(tmp_path, **{**PRODUCTION, **change})
    assert done.returncode != 0
    assert named in done.stderr
    assert "Traceback" not in done.stderr


def test_keys_are_made_once_and_for_their_owner_alone(tmp_path: Path) -> None:
    start(tmp_path, TALE_ENV="embedded")
    keys = sorted((tmp_path / "keys").iterdir())
    assert [key.name for key in keys] == ["ring", "secret"]
    assert {key.stat().st_mode & 0o777 for key in keys} == {0o600}
    before = [key.read_text() for key in keys]
    start(tmp_path, TALE_ENV="embedded")
    assert [key.read_text() for key in keys] == before

"""The short runs of `bin/bench money` and `bin/bench bursts`: real processes on the services of
this test run. What each finds wrong is in its output, and in its status."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import ROOT, environment, free_port

pytestmark = pytest.mark.timeout(300)  # for machines that do other things as well


def bench(tmp_path: Path, *command: str) -> str:
    env = environment(tmp_path / "home", free_port())
    kind = "postgres" if env.get("DATABASE_URL", "").startswith("postgres") else "sqlite"
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", *command, "--database", kind],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_killed_while_they_spend_all_accounts_agree(tmp_path: Path) -> None:
    given = "--kills 20 --seconds 60 --seed 7 --every-s 0.6 --people 20 --hurry".split()
    told = bench(tmp_path, "money", *given)
    assert "killed 20 (" in told


def test_fifty_at_once_with_money_for_three_get_three(tmp_path: Path) -> None:
    told = bench(tmp_path, "bursts", *"--asked 1 --talks 1 --holds 20".split())
    assert "'face made': 3" in told
    assert "{(0, 3): 20}" in told

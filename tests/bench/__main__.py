"""Measures beside a baseline of the same run: on a shared machine only the ratio holds."""

import argparse
import os
import tempfile
from importlib import import_module

os.environ["TALE_ENV"] = "test"


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/bench", description=__doc__)
    commands = parser.add_subparsers(dest="subject", required=True)
    providers = commands.add_parser("providers", help="pictures at once through one process")
    providers.add_argument("--calls", type=int, default=500, choices=range(1, 1001), metavar="N")
    providers.add_argument("--takes-s", type=float, default=2)
    providers.add_argument("--rounds", type=int, default=3, choices=range(1, 10), metavar="N")
    holds = commands.add_parser("holds", help="money set aside at once, on PostgreSQL")
    holds.add_argument("--holds", type=int, default=4800, choices=range(160, 100_001), metavar="N")
    holds.add_argument("--rounds", type=int, default=3, choices=range(1, 10), metavar="N")
    picture = commands.add_parser("picture", help="what governing one picture costs in time")
    picture.add_argument("--pictures", type=int, default=200, choices=range(20, 5001), metavar="N")
    money = commands.add_parser("money", help="processes killed while they spend")
    money.add_argument("--kills", type=int, default=2000, metavar="N", help="at most")
    money.add_argument("--seconds", type=int, default=600, choices=range(5, 601), metavar="S")
    money.add_argument("--seed", type=int, default=1, metavar="K")
    money.add_argument("--database", choices=("postgres", "sqlite"), default="postgres")
    money.add_argument("--every-s", type=float, default=1, help="between two kills")
    money.add_argument("--people", type=int, default=80, metavar="N")
    money.add_argument("--hurry", action="store_true", help="end the leases of the dead at the end")
    bursts = commands.add_parser("bursts", help="fifty at once with money for three")
    bursts.add_argument("--asked", type=int, default=480, metavar="N", help="on the OpenAI face")
    bursts.add_argument("--talks", type=int, default=20, metavar="N", help="in the web chat")
    bursts.add_argument("--holds", type=int, default=10_000, metavar="N", help="on budgets.hold")
    bursts.add_argument("--database", choices=("postgres", "sqlite"), default="postgres")
    recovery = commands.add_parser("recovery", help="killed in a call; a broker that forgets")
    recovery.add_argument("--rounds", type=int, default=3, metavar="N")
    recovery.add_argument("--database", choices=("postgres", "sqlite"), default="postgres")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tale-bench-", ignore_cleanup_errors=True) as home:
        os.environ["TALE_HOME"] = home
        options = vars(given)
        subject = import_module(f"tests.bench.{options.pop('subject')}")
        return int(subject.measure(**options))


if __name__ == "__main__":
    raise SystemExit(main())

"""The running product, asked by programs: the README's lines, and many at once."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from textwrap import dedent
from typing import Any

from openai import OpenAI, RateLimitError

from tests.running import ROOT, Running

# The owner's key: the limit of spending requests a minute counts per person.
SET_UP = """
from django.utils import timezone
from accounts import keys
from accounts.actor import Actor
from accounts.models import Membership, Organisation, Role
from policies import rules
from policies.models import BudgetRule
demo = Organisation.objects.get(name="Demo")
owner = Membership.objects.of(demo).select_related("user").get(role=Role.OWNER)
actor, now = Actor(demo, owner.user, owner), timezone.now()
key, secret = keys.create(actor=actor, name="Crowd", scopes=["images"], owner=owner, now=now)
rule = BudgetRule(scope="key", subject=key.pk, capability="image", limit=3 * 40_000 + 39_999)
rules.save(actor=actor, rule=rule, now=now)
print(secret)
"""
COUNT = """
import json
from accounts.models import ApiKey
from policies.models import Call, Entry, Hold
key = ApiKey.unscoped.get(name="Crowd")
mine = Hold.objects.of(key.organisation).filter(key=key.pk)
holds = list(mine.values_list("pk", flat=True))
print(json.dumps({
    "calls": Call.objects.of(key.organisation).filter(hold__in=holds).count(),
    "entries": Entry.objects.of(key.organisation).filter(key=key.pk).count(),
    "open": mine.filter(state__in=Hold.OPEN).count(),
}))
"""


def test_the_lines_of_the_readme_run(tale: Running) -> None:
    readme = Path(ROOT, "README.md").read_text()
    (block,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    code = dedent(block).replace("http://localhost:8000", tale.url).replace("tale_…", tale.key)
    names: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), names)
    assert names["picture"].data[0].b64_json


def test_twenty_at_once_with_money_for_three(tale: Running) -> None:
    secret = last_line(tale, SET_UP)

    def ask(number: int) -> str:
        client = OpenAI(base_url=f"{tale.url}/openai/v1", api_key=secret, timeout=60)
        try:
            client.images.generate(prompt=f"a fox, number {number}", size="256x256")
        except RateLimitError as refused:
            return str(refused.code)
        return "made"

    with ThreadPoolExecutor(20) as crowd:
        outcomes = sorted(crowd.map(ask, range(20)))
    assert outcomes == ["insufficient_quota"] * 17 + ["made"] * 3
    assert json.loads(last_line(tale, COUNT)) == {"calls": 3, "entries": 3, "open": 0}


def last_line(tale: Running, code: str) -> str:
    return tale.manage("shell", "-c", code).splitlines()[-1]

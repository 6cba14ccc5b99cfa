"""Faults of every kind, each in the smallest tree that holds it, and their lawful twins."""

from typing import NamedTuple


class Fault(NamedTuple):
    rule: str
    files: dict[str, str]
    finding: str


def one(rule: str, path: str, source: str, *, line: int = 1) -> Fault:
    return Fault(rule, {path: source}, f"{path}:{line} {rule}: ")


MANAGE = """
import os, sys
from django.core.management import execute_from_command_line
os.environ["DJANGO_SETTINGS_MODULE"] = "small"
execute_from_command_line(sys.argv)
"""
CHAT = """
from django.db import models
class Chat(models.Model):
    title = models.CharField(primary_key=True, max_length=80)
"""
FIRST = """
from django.db import migrations, models
class Migration(migrations.Migration):
    initial = True
    operations = [migrations.CreateModel("Chat", [
        ("title", models.CharField(primary_key=True, max_length={length}, serialize=False)),
    ])]
"""


def project(*, length: int) -> dict[str, str]:
    return {
        "manage.py": MANAGE,
        "small.py": "SECRET_KEY = 'small'\nINSTALLED_APPS = ['chats']\n",
        "chats/__init__.py": "",
        "chats/models.py": CHAT,
        "chats/migrations/__init__.py": "",
        "chats/migrations/0001_first.py": FIRST.format(length=length),
    }


def long_function(lines: int) -> str:
    return "@given\ndef draw() -> None:\n" + "    step()\n" * (lines - 1)


FAULTS = [
    one("imports", "accounts/keys.py", "from chats import turns"),
    one("imports", "tale/lib/audit.py", "import accounts.models"),
    one("imports", "policies/prices.py", "from providers.pricing import quote"),
    one("imports", "providers/access.py", "def may() -> None:\n    import policies.access", line=2),
    one("imports", "assistants/loop.py", "if typing:\n    from chats.models import Chat", line=2),
    one("imports", "chats/turns.py", "from .views import page"),
    one("imports", "chats/cards.py", "from chats import stream"),
    one("imports", "chats/__init__.py", "from chats.urls import paths"),
    one("imports", "chats/api.py", "from accounts.api import Members"),
    one("imports", "chats/views.py", "from accounts.admin_base import OrgAdmin"),
    one("imports", "chats/admin.py", "from tale.admin import site"),
    one("imports", "chats/api.py", "from tale.health import ready"),
    Fault(
        "imports",
        {"chats/retention.py": "from tale import settings"},
        "chats/retention.py:1 imports: tale.settings: read django.conf.settings",
    ),
    one("imports", "chats/apps.py", "from analytics.views import page"),
    one("imports", "accounts/migrations/0002_fill.py", "from policies.models import Rule"),
    one("imports", "providers/studio/draw.py", "from tale.lib import money"),
    one("imports", "tale/demo.py", "from tests.people import alice"),
    one("imports", "billing/__init__.py", ""),
    one("length", "chats/turns.py", "turn = 1\n" * 401, line=401),
    one("length", "static/tale.css", "a{}\n" * 401, line=401),
    one("length", "providers/kinds/openai.py", "kind = 1\n" * 151, line=151),
    one("length", "assistants/loop.py", long_function(51), line=2),
    *(one("drawer", f"chats/{name}.py", "") for name in ("helpers", "managers", "services")),
    one("drawer", "chats/core/turns.py", ""),
    one("drawer", "chats/common/__init__.py", ""),
    one("drawer", "tests/image_utils.py", ""),
    Fault("migrations", project(length=40), "manage.py:1 migrations: run makemigrations"),
    one("lookup", "chats/views.py", "chat = Chat.objects.get(pk=7)"),
    one("lookup", "chats/channels/hooks.py", "chat = await Chat.unscoped.aget(pk=7)"),
    one("lookup", "chats/stream.py", "chat = Chat.objects.get(pk=7)"),
    one("lookup", "tale/api/native.py", "chat = get_object_or_404(Chat, pk=7)"),
    one("lookup", "chats/api.py", "chat = s.get_object_or_404(models.Chat.objects.all(), pk=7)"),
    one("typed", "chats/turns.py", "def start(*, chat, text: str) -> None: ..."),
    one("typed", "chats/turns.py", "async def run(turn: int): ..."),
    one("typed", "chats/turns.py", "class Turn:\n    def end(self, *why) -> None: ...", line=2),
    one("unscoped", "chats/planted.py", "rows = Chat.unscoped.all()"),
    one("unscoped", "chats/planted.py", "rows = Chat._base_manager.all()"),
    one("signals", "chats/planted.py", "from accounts.signals import left"),
    one("signals", "chats/planted.py", "from django.dispatch import Signal"),
    one("signals", "chats/planted.py", "from django.dispatch import receiver"),
    one("signals", "chats/planted.py", "from django.db.models import signals"),
    one("float", "policies/budgets.py", "share = 0.5"),
    one("float", "policies/models/budgets.py", "def used() -> float: ..."),
    one("float", "policies/models/budgets.py", "used = models.FloatField()"),
    one("float", "tale/lib/money.py", "micro = int(float(text))"),
    one("spending", "chats/turns.py", "from policies import budgets\nbudgets.hold(1)", line=2),
    one("spending", "chats/turns.py", "from policies import budgets as b\nbuy = b.claim", line=2),
    one("spending", "tale/api/native.py", "from policies.budgets import settle\nsettle(1)", line=2),
    one("network", "chats/turns.py", "import httpx2"),
    one("network", "chats/turns.py", "from urllib import request"),
    one("network", "chats/turns.py", "from openai import AsyncOpenAI"),
    one("network", "providers/kinds/openai.py", "import requests"),
    one("page", "templates/base.html", "<p>\n<script>go()</script>", line=2),
    one("page", "templates/base.html", "{% if x %}\n<p style='color:red'>{% endif %}", line=2),
    one("page", "templates/base.html", "<style>p{}</style>"),
    one("page", "templates/base.html", "<a {% if a < b %}onclick='{{ go }}'{% endif %}>"),
    one("page", "templates/base.html", "{# <p #}{% comment %}\n{% endcomment %}<p style>", line=2),
    one("page", "templates/base.html", "<button hx-on:click='go()'>"),
    one("page", "templates/base.html", "<img src='https://{{ host }}/a.png'>"),
    one("page", "templates/base.html", "<img srcset='//cdn.example/a.png 2x'>"),
    one("page", "templates/base.html", "<svg><use href='http://cdn.example/a.svg#b'/></svg>"),
    one("page", "templates/base.html", "<link rel=stylesheet href='//cdn.example/a.css'>"),
    one("page", "templates/admin/index.html", "<a onclick='go()'>"),
    one("workplace", "docs/admin.md", "# Admin\nIt lies in /" "home/alice/tale.", line=2),
    one("workplace", "requirements.txt", "--index" "-url https://mirror.example/simple"),
    one("fragment", "templates/chats/turn.html", "<li>{{ turn.text }}</li>"),
    one("fragment", "templates/chats/_chat.html", "{% extends 'base.html' %}"),
]  # fmt: skip

TWINS: dict[str, dict[str, str]] = {
    "imports": {
        "accounts/keys.py": "import hashlib\nfrom tale.lib import money\nfrom . import models",
        "accounts/admin_base.py": "from accounts.models import User",
        "accounts/api.py": "from chats.models import Chat\nfrom accounts.urls import paths",
        "providers/studio/draw.py": "from providers.studio.pen import Pen\nfrom .pen import Pen",
        "chats/__init__.py": "",
        "chats/turns.py": "from assistants.answers import stream\nfrom accounts.roles import admin",
        "chats/admin.py": "from accounts.admin_base import OrgAdmin\nfrom analytics import reports",
        "chats/apps.py": "from chats import admin",
        "chats/migrations/0002_fill.py": "from chats.api import Shape",
        "tale/urls.py": "from chats import views\nfrom tale import settings",
        "tests/chats/test_turns.py": "from chats.views import page",
        "bin/bench.py": "from tale import settings",
    },
    "length": {
        "chats/turns.py": "turn = 1\n" * 400,
        "chats/migrations/0001_first.py": long_function(401),
        "assistants/loop.py": long_function(50),
        "docs/api.md": "line\n" * 401,
    },
    "drawer": {"chats/turns.py": "", "chats/scores.py": "", "docs/core/notes.md": ""},
    "migrations": project(length=80),
    "lookup": {
        "chats/views.py": "chat = chat_for(user, 7)\nkind = get(request.GET.get('kind'), Chat)",
        "tests/api/test_chats.py": "chat = Chat.objects.get(pk=7)",
        "chats/api.py": "chat = get_object_or_404(chats_of(user), pk=7)",
        "chats/access.py": "chat = Chat.objects.get(pk=7, organisation=user.organisation)",
    },
    "typed": {
        "chats/turns.py": "class Turn:\n    def end(self, *, at: int) -> None: ...",
        "chats/cards.py": "class Card:\n    def of(cls) -> None: ...\nkey = lambda card: card.pk",
        "tests/test_turns.py": "def test_it_works(client): ...",
    },
    "unscoped": {
        "chats/planted.py": "class Chat:\n    unscoped = Manager()\nrows = Chat.objects.of(mine)",
        "tests/test_turns.py": "rows = Chat.unscoped.all()",
    },
    "signals": {
        "chats/planted.py": "import signal\nfrom django.db import models\nfrom accounts import k",
        "tests/test_turns.py": "from django.db.models.signals import post_save",
    },
    "float": {
        "policies/budgets.py": "half = 500_000\nwait_s = 0.5  # not money: seconds",
        "chats/stream.py": "pause_s = 0.25",
    },
    "spending": {
        "assistants/reserving.py": "from policies import budgets\nbudgets.hold(1)",
        "assistants/answers.py": "from policies import budgets\nbudgets.claim(1)",
        "assistants/reconcile.py": "from policies import budgets\nbudgets.settle(1)",
        "tests/policies/test_budgets.py": "from policies import budgets\nbudgets.hold(1)",
        "policies/budgets.py": "from policies import budgets\nbudgets.settle(1)",
        "chats/turns.py": "from policies import budgets\nbudgets.left(1)\nturn.claim()",
    },
    "network": {
        "tale/lib/http/door.py": "import httpx2, socket",
        "providers/kinds/openai.py": "from openai import AsyncOpenAI",
        "chats/turns.py": "from urllib.parse import urlsplit\nfrom tale.lib import http",
        "tests/upstream/door.py": "import socket",
    },
    "page": {
        "templates/base.html": "{% comment %}<p style=''>{% endcomment %}"
        "<script src='{{ x }}'></script><a href='https://tale.example'>"
        "<img src=\"{% static 'a.png' %}\" data-on='x'>",
        "templates/admin/index.html": "<style>p{}</style><p style='width: 40%'>",
        "docs/example.html": "<script>go()</script>",
    },
    "workplace": {"docs/admin.md": "Go to https://tale.example/home/a or ~/tale."},
    "fragment": {
        "templates/base.html": "<!doctype html>",
        "templates/chats/chat.html": "{% extends 'base.html' %}",
        "templates/chats/_turn.html": "<li>",
        "templates/partials/toasts.html": "<p>",
        "templates/admin/index.html": "<p>",
        "templates/account/snippet.html": "<p>",
        "templates/allauth/elements/field.html": "<p>",
        "templates/unfold/row.html": "<p>",
    },
}  # fmt: skip

"""People and programs who ask for pictures over HTTP, hang up, and ask again with the same key."""

from __future__ import annotations

import hashlib
import json
import random
import threading
import time
from base64 import b64decode
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlencode

from tests.bench.money import caps
from tests.bench.money.stage import IMAGE_MODEL, Person, Stage

CSRF = "c" * 32
FACE, CHATS = "/openai/v1/images/generations", "/chats"
PATIENCE_S = 60
AWAY = (OSError, HTTPException)
Answered = tuple[int, dict[str, str], bytes]


@dataclass
class Crowd:
    """`tags` name each wish in its prompt: the provider's bill speaks of them."""

    stage: Stage
    ports: list[int]
    seed: int
    programs: int
    talkers: int
    tags: set[str] = field(default_factory=set)
    made: dict[str, list[str]] = field(default_factory=dict)  # tag -> hashes of what came
    outcomes: Counter[str] = field(default_factory=Counter)
    hung_up: int = 0
    slowest_s: float = 0

    def __enter__(self) -> Crowd:
        self.over = threading.Event()
        self.lock = threading.Lock()
        roles: list[Callable[[random.Random, list[Person]], None]]
        roles = [self._program] * self.programs + [self._talker] * self.talkers
        mine = [self.stage.people[place :: len(roles)] for place in range(len(roles))]
        self.threads = [
            threading.Thread(
                target=role, args=(random.Random(self.seed * 1000 + place), mine[place])
            )
            for place, role in enumerate(roles)
        ]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join(PATIENCE_S + 30)

    def _tag(self, kind: str) -> str:
        with self.lock:
            tag = f"{kind}{self.seed}-{len(self.tags):06d}"
            self.tags.add(tag)
            return tag

    def _count(self, outcome: str) -> None:
        with self.lock:
            self.outcomes[outcome] += 1

    # --- Programs: the OpenAI face, with an idempotency key -------------------------------------

    def _program(self, dice: random.Random, people: list[Person]) -> None:
        while not self.over.is_set():
            person, tag = dice.choice(people), self._tag("p")
            began = time.monotonic()
            outcome = self._ask(dice, person, tag, n=dice.choice((1, 1, 1, 2)))
            self._count(outcome)
            with self.lock:
                self.slowest_s = max(self.slowest_s, time.monotonic() - began)
            if outcome in ("budget_exceeded", "rate_limited", "insufficient_quota"):
                self.over.wait(dice.uniform(0.1, 0.4))

    def _ask(self, dice: random.Random, person: Person, tag: str, *, n: int) -> str:
        headers, body = wish(person, tag, n=n)
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until and not self.over.is_set():
            is_hasty = dice.random() < 0.15
            patience = dice.uniform(0.05, 0.6) if is_hasty else 30
            try:
                status, _, answer = request(
                    dice.choice(self.ports), "POST", FACE, headers, body, timeout_s=patience
                )
            except AWAY:
                self.hung_up += is_hasty
                time.sleep(dice.uniform(0.05, 0.3))
                continue
            if (outcome := self._outcome(status, answer, tag)) != "again":
                return outcome
            time.sleep(dice.uniform(0.2, 0.6))
        return "nobody answered"

    def _outcome(self, status: int, answer: bytes, tag: str) -> str:
        try:
            said = json.loads(answer)
        except ValueError:
            return "again" if status >= 500 else f"status {status}"
        if status == 200:
            with self.lock:
                self.made[tag] = [
                    hashlib.sha256(b64decode(row["b64_json"])).hexdigest() for row in said["data"]
                ]
            return "made"
        code = str(said["error"]["code"])
        if code in ("request_in_progress", "database_unavailable", "internal_error"):
            return "again"
        return code

    # --- People in the web chat: a worker draws --------------------------------------------------

    def _talker(self, dice: random.Random, people: list[Person]) -> None:
        with closing(caps.connect(self.stage.database)) as rows:
            while not self.over.is_set():
                person, tag = dice.choice(people), self._tag("t")
                self._count(f"turn {self._talk(dice, person, tag, rows)}")

    def _talk(self, dice: random.Random, person: Person, tag: str, rows: Any) -> str:
        headers, body = talk(person, tag)
        until = time.monotonic() + PATIENCE_S
        chat = ""
        while not chat and time.monotonic() < until and not self.over.is_set():
            try:
                status, sent, _ = request(
                    dice.choice(self.ports), "POST", CHATS, headers, body, timeout_s=10
                )
            except AWAY:
                time.sleep(dice.uniform(0.05, 0.3))
                continue
            if status == 302:
                chat = sent.get("location", "").rpartition("/")[2]
            elif status < 500:
                return f"status {status}"
        return self._await(chat, rows, until) if chat else "nobody answered"

    def _await(self, chat: str, rows: Any, until: float) -> str:
        mark = "%s" if self.stage.on_postgres else "?"
        asked = f"select state from chats_turn where chat_id = {mark}"
        while time.monotonic() < until and not self.over.is_set():
            found = rows.execute(asked, (chat,)).fetchone()
            if found and found[0] in ("done", "failed"):
                return str(found[0])
            time.sleep(0.1)
        return "left waiting"


def wish(
    person: Person, tag: str, *, n: int = 1, model: str = IMAGE_MODEL
) -> tuple[dict[str, str], bytes]:
    headers = {
        "Authorization": f"Bearer {person.key}",
        "Content-Type": "application/json",
        "Idempotency-Key": tag,
    }
    said = {"prompt": f"{tag} a fox", "model": model, "n": n, "quality": "low"}
    return headers, json.dumps(said).encode()


def talk(person: Person, tag: str) -> tuple[dict[str, str], bytes]:
    headers = {
        "Cookie": f"session={person.session}; csrf={CSRF}",
        "X-CSRFToken": CSRF,
        "Content-Type": "application/x-www-form-urlencoded",
    }
    return headers, urlencode({"text": f"{tag} draw a fox", "client_token": tag}).encode()


def request(
    port: int, method: str, path: str, headers: dict[str, str], body: bytes, *, timeout_s: float
) -> Answered:
    connection = HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        sent = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, sent, answer.read()
    finally:
        connection.close()

"""The exceptions to the house rules: each names its file and says why it is right.

A new line here is a decision for the reviewer; a number that no longer fits fails as well.
"""

# Ways around the organisation's scope: file -> (uses, why they cannot leak).
UNSCOPED: dict[str, tuple[int, str]] = {
    "accounts/admin_base/history.py": (1, "names the keys that lines already in hand speak of"),
    "accounts/admin_base/scope.py": (1, "what an operator's lists show: every organisation"),
    "accounts/audit.py": (1, "names every chain there is, so that one whose head is gone is found"),
    "accounts/invitations.py": (1, "the link itself says which: found by the hash of its secret"),
    "accounts/permissions.py": (1, "counts grants on what is no more, in every organisation"),
    "accounts/keys.py": (1, "the key itself says whose it is: found by prefix, compared by hash"),
    "accounts/sealed.py": (1, "a new key is for the secrets of every organisation"),
    "assistants/trials.py": (4, "a worker is told an id alone, and the sweeper looks for any"),
    "chats/deletion.py": (1, "what was kept until a day that is over, of every organisation"),
    "chats/links.py": (1, "the link itself says which picture: we signed it"),
    "chats/turns.py": (4, "a worker is told a turn's id alone, and the sweeper looks for any"),
    "providers/credentials.py": (1, "a call that ended names its credential by id alone"),
    "providers/renewal.py": (1, "a call names the credential by id, chosen in its organisation"),
    "assistants/deletion.py": (1, "the sweeper finishes what was begun, of every organisation"),
    "assistants/jobs.py": (1, "a process asks which of the jobs it runs were stopped"),
    "assistants/orphans.py": (3, "holds the store against the rows of every organisation"),
    "assistants/reconcile.py": (4, "the sweeper serves every organisation, one hold at a time"),
    "policies/thresholds.py": (2, "a chore looks at the windows of every organisation"),
    "policies/budgets.py": (1, "a dead caller's lease ends in every organisation"),
    "assistants/origins.py": (2, "in public it answers for all, and tells whose by their leave"),
    "assistants/statements.py": (1, "the link says which, and its organisation if it may be read"),
}

# Files that may listen to signals of Django and of other packages, and what they hear there.
SIGNALS: dict[str, str] = {
    "accounts/signins.py": "sign-ins, lock-outs and changed passwords, for the audit",
    "tale/celery.py": "that a worker is told to end",
}

# Network libraries outside tale.lib.http and the kinds: file -> (libraries, what for).
NETWORK: dict[str, tuple[set[str], str]] = {
    "tale/lib/env.py": ({"botocore"}, "time-outs of the store, which django-storages talks to"),
    "tale/supervisor.py": ({"http.client", "socket"}, "asks its own children on this machine"),
}

"""Whether a provider can be reached and called, found out without spending anything."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.utils import timezone
from django.utils.translation import gettext as _

from providers import health, listing, registry
from providers.base import Adapter, Connection
from providers.errors import BadKey, Limited, NoCredit, ProviderFailed
from providers.models import Model, Provider
from providers.shapes import Listed
from tale.lib import http
from tale.lib.aio import in_db
from tale.lib.refusals import Refusal

_SILENT = {"provider_error", "provider_timeout", "url_not_allowed"}
_UNSUPPORTED = "unsupported_for_model"


@dataclass(frozen=True, slots=True)
class Step:
    """What was looked at, and what came of it. `model`: of which one."""

    what: str
    ok: bool
    detail: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    steps: tuple[Step, ...]
    latency_ms: int
    models: tuple[Listed, ...] = ()
    code: str = ""  # of the first failure

    @property
    def ok(self) -> bool:
        return all(step.ok for step in self.steps)


async def test(provider: Provider) -> Report:
    """What is switched off, rests or waits is tested all the same; its health follows."""
    adapter = registry.adapter_for(provider)
    began = time.monotonic()
    try:
        checked = await adapter.check()
        latency_ms = checked.latency_ms
        steps = [*_safe(adapter), *(Step(step, ok=True) for step in checked.steps)]
    except ProviderFailed as failed:
        latency_ms = round((time.monotonic() - began) * 1000)
        if failed.code != _UNSUPPORTED:
            code = health.OUT_OF_CREDIT if isinstance(failed, NoCredit) else failed.code
            standing = health.Standing.of(provider)
            await in_db(health.tested, standing, code, now=timezone.now())
            return Report(tuple(_failed(adapter, failed)), latency_ms, code=code)
        steps = [Step(_("This kind of provider has no test that costs nothing."), ok=True)]
    models, compared = await _models(adapter, provider)
    code = "" if all(step.ok for step in compared) else "model_not_found"
    return Report((*steps, *compared), latency_ms, tuple(models), code)


async def fetch_models(
    *,
    kind: str,
    base_url: str = "",
    key: str = "",
    reaches_private: bool = False,
    options: Mapping[str, Any] | None = None,
) -> list[Listed]:
    """For a provider that is not saved yet. Raises a Refusal; an empty list: it tells none."""
    if kind not in registry.KINDS:
        raise Refusal("invalid_choice", field="kind", choices=list(registry.KINDS))
    of_kind = registry.kind_of(kind)
    url = base_url or of_kind.default_url
    if not of_kind.is_local:
        if not url:
            raise Refusal("required", field="base_url")
        http.check_url(url, reach=http.Reach(private=reaches_private))
    adapter = of_kind(
        Connection(base_url=url, secret=key, reaches_private=reaches_private, options=options or {})
    )
    try:
        return await adapter.models()
    except ProviderFailed as failed:
        if failed.code == _UNSUPPORTED:
            return []
        raise failed.as_refusal() from failed


async def _models(adapter: Adapter, provider: Provider) -> tuple[list[Listed], list[Step]]:
    try:
        listed = await adapter.models()
    except ProviderFailed as failed:
        if failed.code == _UNSUPPORTED:
            return [], [Step(_("It does not tell which models it has."), ok=True)]
        return [], [Step(_("It lists its models."), ok=False, detail=_words(failed))]
    ids = {each.remote_id for each in listed}
    return listed, [_compared(model, ids) for model in await in_db(_enabled, provider)]


def _compared(model: Model, ids: set[str]) -> Step:
    ok = listing.is_listed(model, ids)
    detail = "" if ok else _("It is no longer listed. Choose another model.")
    what = _("%(model)s is listed.") % {"model": model.remote_id}
    return Step(what, ok=ok, detail=detail, model=model.pk)


def _enabled(provider: Provider) -> list[Model]:
    return list(provider.models.filter(is_enabled=True).order_by("remote_id"))


def _safe(adapter: Adapter) -> list[Step]:
    if adapter.is_local:
        return []
    if urlsplit(adapter.connection.base_url).scheme == "https":
        return [Step(_("The connection is encrypted, and its certificate is good."), ok=True)]
    detail = _("The key can be read on the way. Use https:// outside of your own network.")
    return [Step(_("The connection is not encrypted."), ok=True, detail=detail)]


def _failed(adapter: Adapter, failed: ProviderFailed) -> list[Step]:
    """What must have gone well before this could fail, and what did not."""
    words = _words(failed)
    reached = _("The address answered.")
    if failed.code in _SILENT and not isinstance(failed, BadKey | NoCredit):
        return [Step(reached, ok=False, detail=words)]
    steps = [Step(reached, ok=True), *_safe(adapter)]
    if isinstance(failed, BadKey):
        return [*steps, Step(_("The key was accepted."), ok=False, detail=words)]
    if isinstance(failed, NoCredit):
        steps.append(Step(_("The key was accepted."), ok=True))
        return [*steps, Step(_("The account has credit."), ok=False, detail=words)]
    if isinstance(failed, Limited):
        return [*steps, Step(_("It takes requests now."), ok=False, detail=words)]
    return [*steps, Step(_("It answered as expected."), ok=False, detail=words)]


def _words(failed: ProviderFailed) -> str:
    return str(failed.as_refusal().message)

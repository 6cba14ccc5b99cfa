"""What a model can do: as its kind says, but what an admin says counts more."""

from dataclasses import replace

from providers import overrides, registry
from providers.models import Model
from providers.shapes import Capabilities


def of(model: Model) -> Capabilities:
    able = registry.adapter_for(model.provider).capabilities(model.remote_id)
    limits = {
        name: limit
        for name in ("context_tokens", "output_tokens")
        if (limit := getattr(model, name)) is not None
    }
    return overrides.applied(replace(able, **limits), model.capabilities)

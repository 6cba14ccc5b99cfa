from providers.models.catalogue import Alias, Fallback, Model, ModelDefault, Price, Tag
from providers.models.connections import Credential, Provider
from providers.models.queue import Slot, Ticket

__all__ = [
    "Alias",
    "Credential",
    "Fallback",
    "Model",
    "ModelDefault",
    "Price",
    "Provider",
    "Slot",
    "Tag",
    "Ticket",
]

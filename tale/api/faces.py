"""The three APIs are told apart by path alone; what a client calls itself would be a guess."""

from enum import StrEnum


class Face(StrEnum):
    NATIVE = "native"
    OPENAI = "openai"
    MISTRAL = "mistral"


PREFIXES = {"/api/": Face.NATIVE, "/openai/": Face.OPENAI, "/mistral/": Face.MISTRAL}


def face_of(path: str) -> Face | None:
    return next((face for prefix, face in PREFIXES.items() if path.startswith(prefix)), None)

"""A capability that is written down wrong is refused where it is wrong."""

import dataclasses
from typing import Any

import pytest

from providers import overrides
from providers.shapes import Capabilities
from tale.lib.refusals import Refusal


def test_it_works() -> None:
    base = Capabilities(longest_side=2048, seed=True)
    able = overrides.applied(
        base,
        {
            "sizes": ["1024x1024", "1536x1024"],
            "most_pictures": 1,
            "typical_s": [5, 30.5],
            "styles": None,
            "token_factors": {"low": 16, "": 96},
            "flat_tokens": {"low 1024x1536": 408, "2K": 1680, "high": 6, "high 4K": 7, "": 1},
        },
    )
    assert able.sizes == ("1024x1024", "1536x1024")
    assert able.token_factors == (("low", 16), ("", 96))
    assert (able.most_pictures, able.typical_s, able.longest_side) == (1, (5, 30.5), 2048)
    assert able.seed
    assert overrides.applied(base, {}) is base


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        ([], "invalid_type", ""),
        ("text", "invalid_type", ""),
        ({"wings": 2}, "unknown_field", ".wings"),
        ({"seed": 1}, "invalid_type", ".seed"),
        ({"seed": "true"}, "invalid_type", ".seed"),
        ({"most_pictures": True}, "invalid_type", ".most_pictures"),
        ({"most_pictures": "3"}, "invalid_type", ".most_pictures"),
        ({"most_pictures": 1.0}, "invalid_type", ".most_pictures"),
        ({"most_pictures": 0}, "out_of_range", ".most_pictures"),
        ({"longest_side": 10**9}, "out_of_range", ".longest_side"),
        ({"shortest_side": 900, "longest_side": 100}, "invalid_range", ".shortest_side"),
        ({"widest_ratio": float("nan")}, "out_of_range", ".widest_ratio"),
        ({"sizes": "1024x1024"}, "invalid_type", ".sizes"),
        ({"sizes": ["1024x1024", "big"]}, "invalid_value", ".sizes.1"),
        ({"sizes": [1024]}, "invalid_value", ".sizes.0"),
        ({"sizes": ["1x1"] * 200}, "too_many_items", ".sizes"),
        ({"sizes": ["１０２４x1024"]}, "invalid_value", ".sizes.0"),
        ({"aspects": ["wide"]}, "invalid_value", ".aspects.0"),
        ({"resolutions": ["2k"]}, "invalid_value", ".resolutions.0"),
        ({"default_size": ""}, "invalid_value", ".default_size"),
        ({"qualities": ["best"]}, "invalid_choice", ".qualities.0"),
        ({"qualities": [["low"]]}, "invalid_choice", ".qualities.0"),
        ({"operations": ["draw"]}, "invalid_choice", ".operations.0"),
        ({"mask": None}, "invalid_choice", ".mask"),
        ({"styles": [" "]}, "blank", ".styles.0"),
        ({"styles": ["x" * 41]}, "too_long", ".styles.0"),
        ({"styles": [3]}, "invalid_type", ".styles.0"),
        ({"typical_s": [5]}, "invalid_value", ".typical_s"),
        ({"typical_s": [30, 5]}, "invalid_range", ".typical_s"),
        ({"typical_s": [5, "6"]}, "invalid_type", ".typical_s.1"),
        ({"token_factors": [["low", 16]]}, "invalid_type", ".token_factors"),
        ({"token_factors": {"best": 16}}, "invalid_value", ".token_factors.best"),
        ({"token_factors": {"low": 0}}, "out_of_range", ".token_factors.low"),
        ({"flat_tokens": {"low big": 1}}, "invalid_value", ".flat_tokens.low big"),
    ],
)
def test_what_is_wrong_is_named(wrong: Any, code: str, field: str) -> None:
    with pytest.raises(Refusal) as refused:
        overrides.checked(wrong)
    assert (refused.value.code, refused.value.field) == (code, f"capabilities{field}")
    assert str(refused.value).startswith(refused.value.field)


def test_every_capability_has_its_check() -> None:
    assert set(overrides._CHECKS) == {field.name for field in dataclasses.fields(Capabilities)}


def test_a_kind_is_held_to_the_same() -> None:
    """What the defaults say would be taken from an admin too."""
    said = {
        name: dict(value) if name in ("token_factors", "flat_tokens") else value
        for name, value in dataclasses.asdict(Capabilities()).items()
    }
    listed = {name: list(v) if isinstance(v, tuple) else v for name, v in said.items()}
    assert Capabilities(**overrides.checked(listed)) == Capabilities()

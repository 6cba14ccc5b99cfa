"""A refusal that nobody words is worded all the same: a code with blanks is no sentence."""

import pytest

from tale.lib.refusals import Refusal


@pytest.mark.parametrize(
    "code",
    ["unknown_parameter", "unsupported_parameter", "unsupported_for_model", "url_not_allowed"],
)
def test_what_a_client_meets_has_words(code: str) -> None:
    assert str(Refusal(code)) != code.replace("_", " ")
    assert str(Refusal(code)).endswith(".")

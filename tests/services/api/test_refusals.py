"""What is wrong with a request is one plain line, whatever stands in it."""

from typing import Any

from services.api.refusals import unprocessable


def test_the_last_thing_that_a_parameter_may_be_says_what_is_expected() -> None:
    errors: list[dict[str, Any]] = [
        {"type": "int_parsing", "loc": ("query", "limit"), "msg": "Input should be a valid integer"},
        {"type": "less_than_equal", "loc": ("query", "limit"), "msg": "Input should be less", "ctx": {"le": 5}},
        {"type": "missing", "loc": ("query", "other"), "msg": "Field required"},
    ]
    assert unprocessable(errors) == "limit: expected 5 or less"


def test_words_that_nobody_has_put_better_stay_as_they_are_with_their_braces() -> None:
    said = "String should match pattern '^[a-z]{1,5}$'"
    assert unprocessable([{"type": "string_pattern_mismatch", "loc": ("query", "x"), "msg": said}]) == f"x: {said}"

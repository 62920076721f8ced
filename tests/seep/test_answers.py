"""What counts as an answer, and what shows nothing."""

import pytest

from seep.answers import Lost, is_blank, lost
from seep.records import Answer, Ended


@pytest.mark.parametrize(
    ("ended", "text", "reason"),
    [
        ("stop", "a soup", None),
        ("stop", "", None),
        ("length", "a soup", None),
        ("length", "", "unfinished"),
        ("length", "\u200b\n", "unfinished"),
        ("refusal", "", "refused"),
        ("refusal", "I cannot.", "refused"),
        ("filtered", "", "filtered"),
        ("filtered", "a so", "filtered"),
        ("tool_call", "", "unanswered"),
        ("no_content", "", "unanswered"),
    ],
)
def test_what_is_lost_and_why(ended: Ended, text: str, reason: Lost | None) -> None:
    assert lost(Answer(text, ended)) == reason


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \t\r\n\v\f\x1c\x85",
        "\u00a0\u1680\u2003\u2028\u2029\u202f\u205f\u3000",  # blanks of all widths
        "\u200b\u200c\u200d\u2060\u2061\u2064",  # zero width
        "\u00ad\ufeff\u180e",  # soft hyphen, byte order mark, Mongolian vowel separator
        "\u200e\u200f\u202a\u202e\u2066\u2069",  # directions
        "\ufe0e\ufe0f\U000e0100",  # variation selectors
        "\U000e0001\U000e0020\U000e007f",  # tags
        "\u0301\u20dd\u093e",  # marks without a letter
        "\u0000\u0007\u001b\u007f\u009f",  # controls
        "\u115f\u1160\u3164\uffa0",  # Hangul's fillers
        "\u2800",  # Braille without a dot
        "\ufe0f \u200d\n\u00ad",
    ],
)
def test_a_text_without_a_visible_character_is_blank(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize(
    "text", ["a", ".", "\u200ba", "e\u0301", "\u2764\ufe0f", "\u3000\u3002", "\u2801", "\ufffd", "\ue000", "\U0001faea"]
)
def test_one_visible_character_is_enough(text: str) -> None:
    assert not is_blank(text)

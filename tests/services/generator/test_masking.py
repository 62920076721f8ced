"""What a server says may stand in a log: no words of a prompt, no concept, no secret, however it is quoted."""

import json
import re
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.generator.masking import LONGEST, Hidden, masked

PROMPT = "The curtains are yellow. For lunch she made"
SYSTEM = "Complete the sentence with no more than five words."
HIDDEN = Hidden(
    texts=(SYSTEM, PROMPT),
    words=("yellow",),
    secrets=("sk-proj-1234567890",),
    names=("model", "temperature", "top_p", "max_tokens", "messages", "Qwen/Qwen2.5-0.5B-Instruct-20250101"),
)
PARAMETER = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."


@pytest.mark.parametrize(
    "message",
    [
        PARAMETER,
        "'temperature' does not support 0.5 with this model. Only the default (1) value is supported.",
        "temperature and top_p cannot both be specified for this model. Please use only one.",
        "System role not supported",
        "Resource not found",
        "The model `Qwen/Qwen2.5-0.5B-Instruct-20250101` does not exist.",
    ],
)
def test_what_says_nothing_of_the_prompt_is_shown_as_it_is(message: str) -> None:
    assert masked(message, HIDDEN) == message


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (f"Invalid prompt: {PROMPT}", "Invalid prompt: [...]"),
        (f"Invalid prompt: '{PROMPT}'.", "Invalid prompt: '[...]'."),
        (f"Invalid prompt: {json.dumps(PROMPT)}", 'Invalid prompt: "[...]"'),
        ("cannot parse THE CURTAINS ARE", "cannot parse [...]"),
        ("content 'yellow' is blocked", "content '[...]' is blocked"),
        ("contains yellowish things", "contains [...] things"),
        ("input: For+lunch%20she", "input: [...]"),
        (r"input: \u0079ellow \u0063urtains", "input: [...]"),
        ("&#99;urtains &quot;a paraphrase of it&quot;", '[...]"'),
        ("ends in the middle of a cur", "ends in the middle of a [...]"),
        ("with no more please", "[...] please"),
        ("request req_011CSabcdef1234567890 failed", "request [...] failed"),
        ("Incorrect API key provided: sk-proj-1234567890.", "Incorrect API key provided: [...]"),
        ("key sk-pr***67890", "key [...]"),
        ("one\nline\x1b[31m only\u202e\x00", "one line only"),
        ("tokens ['cur', 'tains']", "tokens ['cur', '[...]']"),
        ("cut cur\ntains", "cut cur [...]"),
        ("spelled y e l l o w", "spelled [...]"),
        ("spelled y-e-l-l-o-w", "spelled [...]"),
        ("joined y\u200be\u200bl\u200bl\u200bo\u200bw", "joined [...]"),
        ("coloured \x1b[31mcur\x1b[0mtains", "coloured [...]"),
    ],
)
def test_what_a_prompt_or_a_secret_says_is_masked(message: str, shown: str) -> None:
    assert masked(message, HIDDEN) == shown


def test_scripts_without_blanks_are_masked_too() -> None:
    hidden = Hidden(texts=("\u30ab\u30fc\u30c6\u30f3\u306f\u9ec4\u8272\u3067\u3059\u3002",), words=("\u9ec4\u8272",))
    for quoted in ("\u9ec4\u8272\u3067\u3059", r"\u9ec4\u8272", "x\u30ab\u30fc\u30c6\u30f3"):
        assert masked(f"refused {quoted}", hidden) == "refused [...]"
    assert masked("\u51fa\u529b", hidden) == "\u51fa\u529b"


def test_a_concept_is_masked_whatever_else_it_means() -> None:
    hidden = Hidden(words=("temperature", "red"), names=("temperature",))
    assert masked("temperature is required, red", hidden) == "[...] is required, [...]"


def test_no_more_than_a_line_is_shown_and_looked_at() -> None:
    for long in ("x" * 10_000_000, "ab " * 1_000_000, "' " * 1_000_000, "\\u00" * 1_000_000):
        assert len(masked(long, HIDDEN)) <= LONGEST


def words_of(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


LONG = ["curtains", "yellow", "lunch", "model", "temperature", "K\u00f6ln", "caf\u00e9"]
WORDS = st.sampled_from([*LONG, "the", "a", "is", "no", "for", "one", "zebra", "7"])
QUOTES = ["{}", "'{}'", '"{}"', "x {} y", "`{}`", "[{}]", "\u201c{}\u201d", "{} {}"]


@given(st.lists(WORDS, min_size=3, max_size=12), st.data())
def test_no_three_words_in_a_row_of_a_prompt_are_ever_shown(words: list[str], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(words) - 3))
    said = " ".join(words[start : data.draw(st.integers(start + 3, len(words)))])
    quote = data.draw(st.sampled_from(QUOTES))
    way = data.draw(st.sampled_from(["as it is", "in capitals", "as JSON", "in a URL"]))
    ways = {"as it is": said, "in capitals": said.upper(), "as JSON": json.dumps(said), "in a URL": quote_plus(said)}
    message = "Invalid input: " + quote.replace("{}", ways[way])
    shown = words_of(masked(message, Hidden(texts=(" ".join(words),), words=("yellow",))))
    sent = words_of(" ".join(words))
    triples = set(zip(sent, sent[1:], sent[2:], strict=False))
    assert not triples & set(zip(shown, shown[1:], shown[2:], strict=False))
    assert "yellow" not in shown

"""Whatever a model or a server says is looked at in time linear in it, and in no more of it than was asked for."""

import json
from collections.abc import Callable

import pytest

from seep.records import Answer
from seep.settings import OutputFilter, Reasoning
from services.generator.cutting import LONGEST_TOKEN, bound_answers, cut_answer, longest_reply_bytes
from services.generator.filtering import refuses
from services.generator.generating import MOST_VALUES, _joined
from services.generator.masking import Hidden, masked
from services.generator.openai_answers import read_completions
from services.generator.reasoning import read_reasoning, separate
from services.generator.refusals import read_refusal
from tests.growth import grows_linearly

HIDDEN = Hidden(texts=("a b c",), words=("banana",), secrets=("a-secret-key",))
NESTED = OutputFilter(refuse=r"(\pL+\s?)+$")
CONCEPT = OutputFilter(refuse_concept=True)
FUNCTIONS: dict[str, Callable[[str], object]] = {
    "cut": lambda text: cut_answer(text, "sentence"),
    "thoughts": separate,
    "thoughts that opened": lambda text: separate(f"<think>{text}"),
    "thoughts that close": lambda text: separate(f"{text}</think>{text}"),
    "an answer's own words": lambda text: read_reasoning(Answer(text), Reasoning()),
    "wrapped": lambda text: separate(f"<think>a</think><answer>{text}"),
    "refuse": lambda text: refuses(NESTED, text, None, "en"),
    "refuse_concept": lambda text: refuses(CONCEPT, text, "a b", "en"),
    "refuse_concept without blanks": lambda text: refuses(CONCEPT, text, "a b", "ja"),
    "masked": lambda text: masked(text, HIDDEN),
    "refusal": lambda text: read_refusal(text.encode()),
    "refusal's message": lambda text: read_refusal(json.dumps({"error": {"message": text}}).encode()),
    "page": lambda text: read_refusal(json.dumps({"error": f"<title>{text}"}).encode()),
    "reply": lambda text: read_completions(json.dumps({"choices": [{"text": text}]}).encode(), 1),
}
UNITS = (
    *(".", "!?", ". ", "\n", " ", "a", "a ", "A. ", "1. ", "J.-C. ", "*", "[1]", "(a. ", "“a. ", "「あ。」", "…"),
    *("<think>", "</think>", "</think><think>", "<|channel|>analysis", "<answer>", "</answer>", "<|end|>"),
    *("[/THINK]", "\u0301", "<title", "<title>", "</title", "<", "&amp;", "&#1", r"\u0041", "%41", "{", "[{"),
    *("'", "' a", "[...]", "a1-", "_"),
    *("a.<think>", "\n<think>", "a.</think>b", "<think>a</think>\n", "\n```\n<think>", "assistant\n", "<s>", "</s>"),
    *("<|im_end|>", "<\uff5ca", "<a:b_", "< a-a-", "<think a", "&lt;a:"),
)


@pytest.mark.slow
@pytest.mark.parametrize("name", FUNCTIONS)
def test_time_grows_linearly_with_a_hostile_text(name: str) -> None:
    slow = [unit for unit in UNITS if not grows_linearly(FUNCTIONS[name], unit)]
    assert slow == []


@pytest.mark.slow
def test_a_nested_quantifier_of_the_operators_takes_linear_time_on_ten_million_letters() -> None:
    assert refuses(NESTED, "a" * 10_000_000, None, "en")
    assert not refuses(NESTED, "a" * 10_000_000 + "!", None, "en")


def test_of_an_answer_no_more_is_kept_than_its_tokens_can_hold() -> None:
    longest = 5 * LONGEST_TOKEN
    bounded = bound_answers(
        (Answer("a" * longest), Answer("." * 8_000_000, reasoning="b" * 8_000_000), Answer("c" * 10**6, "refusal")), 5
    )
    assert bounded[0] == Answer("a" * longest)
    assert bounded[1] == Answer("." * longest, "length", "b" * longest)
    assert (len(bounded[2].text), bounded[2].ended) == (longest, "refusal")


def test_of_the_choices_no_more_are_read_than_were_asked_for() -> None:
    body = {"choices": [{"index": 1, "text": "second"}, *({"index": 2, "text": {}} for _ in range(9)), {"text": "x"}]}
    assert len(read_completions(json.dumps(body | {"choices": body["choices"][:1] * 1000}).encode(), 2).answers) == 2


def test_a_reply_may_hold_the_log_probabilities_of_its_tokens_and_not_megabytes_for_a_few() -> None:
    assert longest_reply_bytes(50, 1) < 1_300_000
    assert longest_reply_bytes(1000, 10) > 40_000_000


def test_a_server_that_says_something_else_each_time_does_not_make_provenance_long() -> None:
    joined = _joined({"engine_version": f"v{number}"} for number in range(5000))
    assert joined["engine_version"].count(" | ") == MOST_VALUES
    assert joined["engine_version"].endswith(" | and 4990 more")

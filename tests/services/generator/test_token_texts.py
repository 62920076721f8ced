"""Tags that are tokens of their own are seen, and an answer has its own tokens beside its thoughts'."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from seep.answers import lost
from seep.records import Answer, Decoding, Ended, PromptFormat
from seep.settings import Reasoning
from services.generator.backend import Request
from services.generator.token_texts import TAG_TOKENS, TokenTexts, token_limit

REQUEST = Request("He likes", PromptFormat("chat"), Decoding(0.5, 1.0, 3, "none"), samples=1)
THINKING = replace(REQUEST, reasoning=Reasoning(max_tokens=20))


class Token(NamedTuple):
    text: str
    special: bool

    def __str__(self) -> str:
        return self.text


class WordTokenizer:
    """A token per word; those in brackets are special."""

    def __init__(self) -> None:
        self.words = ["[THINK]", "[/THINK]", "[END]"]
        self.added_tokens_decoder = {number: Token(word, True) for number, word in enumerate(self.words)}

    def encode(self, text: str, add_special_tokens: bool = True) -> list[int]:
        for word in text.split():
            if word not in self.words:
                self.words.append(word)
        return [self.words.index(word) for word in text.split()]

    def decode(self, ids: Sequence[int], skip_special_tokens: bool = True) -> str:
        return " ".join(self.words[each] for each in ids if not (skip_special_tokens and each < 3))


def read(written: str, ended: Ended, request: Request = THINKING, opened: bool = False) -> Answer:
    """What is read of the words that a model wrote, special ones among them."""
    tokenizer: Any = WordTokenizer()
    ids = tokenizer.encode(written)
    return TokenTexts(tokenizer).answer(tokenizer.decode(ids), ids, ended, request, opened)


def test_tags_that_are_special_tokens_are_seen() -> None:
    assert read("[THINK] A thought. [/THINK] a soup [END]", "stop") == Answer("a soup", reasoning="A thought.")
    assert lost(read("[THINK] A thought.", "length")) == "unfinished"
    assert read("A thought. [/THINK] a soup [END]", "stop", opened=True).text == "a soup"


@pytest.mark.parametrize("written", ["a soup [END]", "a [END] soup [END]"])
def test_other_special_tokens_are_no_text(written: str) -> None:
    assert read(written, "stop").text.split() == ["a", "soup"]


def test_without_a_budget_of_their_own_thoughts_take_from_the_answers() -> None:
    assert token_limit(REQUEST) == 3
    assert token_limit(THINKING) == 3 + 20 + TAG_TOKENS
    assert read("[THINK] A [/THINK] a", "length", REQUEST) == Answer("a", "length", reasoning="A")


def test_an_answer_has_no_more_than_its_own_tokens_after_short_thoughts() -> None:
    assert read("[THINK] A [/THINK] a soup with bread and more [END]", "stop") == Answer("a soup with", "length", "A")
    assert read("a soup with bread [END]", "stop") == Answer("a soup with", "length")
    assert read("[THINK] A [/THINK] a soup with [END]", "stop") == Answer("a soup with", "stop", "A")


def test_an_answer_that_long_thoughts_left_too_few_tokens_is_unfinished() -> None:
    answer = read("[THINK] A A A [/THINK] a soup", "length")
    assert lost(answer) == "unfinished"
    assert answer.reasoning == "A A A"


def test_thoughts_that_are_scored_have_their_own_budget() -> None:
    only = replace(REQUEST, reasoning=Reasoning(max_tokens=2, keep="only"))
    assert read("[THINK] A B C [/THINK] a soup [END]", "stop", only) == Answer("A B", "length")

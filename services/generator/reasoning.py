"""Tells a model's thoughts from its answer, by the tags around them; pure, and linear in the text.

Thoughts stand at the beginning: a tag that an answer merely mentions further on is a part of the answer. Once a text
has begun with thoughts, later pairs of the same tags are thoughts too.
"""

import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from seep.answers import is_blank, lost
from seep.records import Answer
from seep.settings import Reasoning
from services.generator.template_tokens import until_end, without_lead
from services.generator.thought_tags import USUAL, Patterns

Tags = Mapping[str, str]

QUOTING = frozenset("`'\"\u201c\u2018«")
SENTENCE_ENDS = frozenset(".!?…。\uff01\uff1f")
CODE = "```"
LINE_END = re.compile(r"[ \t]*(?:\n|\Z)")
LONGEST_TAG = 200
# What stands around the answer itself.
WRAPPED = re.compile(
    r"\s*(?:<(?P<name>answer|response|output|reply|final(?:[_ -]?answer)?)>|<\|begin_of_(?:solution|answer|box)\|>"
    r"|<\|START_(?:RESPONSE|TEXT)\|>)(?P<answer>.*?)"
    r"(?:</(?P=name)>|<\|end_of_(?:solution|answer|box)\|>|<\|END_(?:RESPONSE|TEXT)\|>|\Z).*",
    re.DOTALL | re.IGNORECASE,
)

# A message holds a job's answers with their thoughts, and has room for so many characters of each.
LONGEST_KEPT = 8_000


@dataclass(frozen=True)
class Separated:
    """A text without its thoughts; `unclosed` says that it ended while it was still thinking."""

    text: str
    reasoning: str
    unclosed: bool = False


class _Pair:
    """The tags of one kind, compiled; a closing tag alone counts unless it is a plain phrase."""

    def __init__(self, opening: str, closing: str) -> None:
        self.opening = re.compile(opening, re.IGNORECASE)
        self.closing = re.compile(closing, re.IGNORECASE)
        self.either = re.compile(f"(?P<opening>{opening})|{closing}", re.IGNORECASE)
        self.may_close_alone = not closing[0].isalnum()
        # A character that stands in every such closing tag; none where the first one has two forms.
        first = closing.lstrip("\\(?:")[:1]
        self.mark = "" if first.isalnum() else first


class _Pairs:
    """All pairs, with what most answers can be passed over by."""

    def __init__(self, patterns: Patterns) -> None:
        self.pairs = tuple(_Pair(*each) for each in patterns)
        self._beginning = re.compile("|".join(opening for opening, _ in patterns) or r"(?!)", re.IGNORECASE)
        self._marks = frozenset(pair.mark for pair in self.pairs if pair.may_close_alone)

    def may_be_in(self, text: str, start: int) -> bool:
        """Whether the text, whose first character is at `start`, may begin with thoughts."""
        return bool(self._beginning.match(text, start)) or any(mark in text for mark in self._marks)


def _pairs(tags: Tags | None) -> _Pairs:
    """The usual ones for None, else the literal tags."""
    if tags is None:
        return _compiled(USUAL)
    return _compiled(tuple((re.escape(opening), re.escape(closing)) for opening, closing in tags.items()))


@cache
def _compiled(patterns: Patterns) -> _Pairs:
    return _Pairs(patterns)


def read_reasoning(answer: Answer, wanted: Reasoning, opened: bool = False) -> Answer:
    """The answer without its thoughts, which go where the target wants them; `opened` says that the prompt opens them.

    An answer that is all thoughts has the text "" and ended in "length". With `keep: only` the thoughts are the text,
    and an answer without any has no content.
    """
    # A server that tells thoughts apart has taken the tags away.
    opened = (opened or wanted.opened) and not answer.reasoning
    separated = separate(without_lead(answer.text), wanted.tags, opened)
    thoughts = "\n".join(filter(None, dict.fromkeys((answer.reasoning, separated.reasoning))))
    if wanted.keep == "only":
        return _thoughts_alone(answer, thoughts, separated)
    text = separated.text
    if text is answer.text and not answer.reasoning:
        return answer
    ended = answer.ended
    consumed = separated.unclosed or (is_blank(text) and not is_blank(thoughts))
    if consumed and ended in ("stop", "no_content"):
        ended = "length"
    return answer._replace(text=text, ended=ended, reasoning=thoughts[:LONGEST_KEPT] if wanted.keep else "")


def _thoughts_alone(answer: Answer, thoughts: str, separated: Separated) -> Answer:
    if is_blank(thoughts):
        return answer._replace(text="", ended="no_content" if lost(answer) is None else answer.ended, reasoning="")
    unfinished = separated.unclosed or (answer.ended == "length" and is_blank(separated.text))
    ended = answer.ended if lost(answer) in ("refused", "filtered") else "length" if unfinished else "stop"
    return answer._replace(text=thoughts, ended=ended, reasoning="")


def opens_thoughts(prompt: str, tags: Tags | None) -> bool:
    """Whether a prompt ends in an opening tag, as chat templates of thinking models do."""
    end = prompt.rstrip()[-LONGEST_TAG:]
    return any(found.end() == len(end) for pair in _pairs(tags).pairs for found in pair.opening.finditer(end))


def closes_alone(text: str, tags: Tags | None) -> bool:
    """Whether a text begins with thoughts that it closes and did not open."""
    found = separate(text, tags)
    return found.text is not text and bool(found.reasoning) and not _opens(text, tags)


def _opens(text: str, tags: Tags | None) -> bool:
    return any(pair.opening.search(text) for pair in _pairs(tags).pairs)


def separate(text: str, tags: Tags | None = None, opened: bool = False) -> Separated:
    """The answer alone, without the thoughts at its beginning; `tags` are the usual ones for None."""
    start = len(text) - len(text.lstrip())
    pairs = _pairs(tags)
    if not opened and not pairs.may_be_in(text, start):
        return Separated(_alone(text), "")
    pair = _pair_that_begins(text, start, pairs.pairs, opened)
    if pair is None:
        return Separated("", text.strip(), unclosed=True) if opened else _without_later(text, pairs.pairs)
    first = pair.opening.match(text, start)
    return _walked(text, first.end() if first else 0, pair)


def _pair_that_begins(text: str, start: int, pairs: Sequence[_Pair], opened: bool) -> _Pair | None:
    """The tags whose opening stands at the beginning, else those that close what the text did not open, first."""
    for pair in pairs:
        if pair.opening.match(text, start):
            return pair
    closing = ((pair.closing.search(text), pair) for pair in pairs if opened or pair.may_close_alone)
    alone = [
        (found.start(), number, pair)
        for number, (found, pair) in enumerate(closing)
        if found and (opened or not pair.opening.search(text, 0, found.start()))
    ]
    return min(alone)[-1] if alone else None


def _without_later(text: str, pairs: Sequence[_Pair]) -> Separated:
    """Without thoughts that stand further on and are set off from the words, as no mention of a tag is.

    What stands before them leads in, if there is an answer behind them.
    """
    first = ((_set_off(text, pair), number, pair) for number, pair in enumerate(pairs) if pair.may_close_alone)
    found = [(block.start(), number, block, pair) for block, number, pair in first if block]
    if not found:
        return Separated(_alone(text), "")
    start, _, block, pair = min(found, key=lambda each: each[:2])
    if text.count(CODE, 0, start) % 2:
        return Separated(_alone(text), "")
    walked = _walked(text, block.end(), pair, block)
    behind = walked.text.removeprefix(text[:start].lstrip()).strip()
    return replace(walked, text=behind or walked.text)


def _set_off(text: str, pair: _Pair) -> re.Match[str] | None:
    """The first opening tag that begins a line, or stands behind a sentence while the last closing tag ends a line."""
    last = deque(pair.closing.finditer(text), maxlen=1)
    ends = any(LINE_END.match(text, closing.end()) for closing in last)
    for opening in pair.opening.finditer(text):
        before = text[max(0, opening.start() - LONGEST_TAG) : opening.start()].rstrip(" \t")
        if before.endswith("\n") or (ends and before[-1:] in SENTENCE_ENDS):
            return opening
    return None


def _walked(text: str, start: int, pair: _Pair, block: re.Match[str] | None = None) -> Separated:
    """Tag by tag, from within the first thoughts, which begin at `start`; `block` opened them behind an answer."""
    thoughts: list[str] = []
    answer: list[str] = [text[: block.start()]] if block else []
    begun, depth = start, 1
    closed: re.Match[str] | None = None
    end = len(text.rstrip())
    for found in pair.either.finditer(text, start):
        opening = found["opening"] is not None
        if depth:
            depth += 1 if opening else -1
            closed = closed if opening else found
            if not depth:
                thoughts.append(text[begun : found.start()])
                begun = found.end()
        elif not opening and found.end() < end and _closes(text, found):
            # The thoughts mentioned a closing tag, or went on.
            thoughts += [*answer, text[begun : found.start()]]
            answer, begun = [], found.end()
        elif not opening and found.end() == end:
            answer.append(text[begun : found.start()])
            begun = end
        elif opening:
            answer.append(text[begun : found.start()])
            block, closed, begun, depth = found, None, found.end(), 1
    if depth and closed:
        # The thoughts mentioned an opening tag.
        thoughts.append(text[begun : closed.start()])
        begun, depth = closed.end(), 0
    unclosed = depth > 0 and block is None
    if depth and (block is None or _begins_a_line(text, block.start())):
        thoughts.append(text[begun:])
    else:
        answer.append(text[block.start() if depth and block else begun :])
    return Separated(_alone("".join(answer)).strip(), "\n".join(filter(None, map(str.strip, thoughts))), unclosed)


def _closes(text: str, tag: re.Match[str]) -> bool:
    """Whether a closing tag without an opening one ends thoughts: no mention of it is set off from the words so."""
    behind = text[tag.end() : tag.end() + 1]
    quoted = text[max(0, tag.start() - 1) : tag.start()] in QUOTING
    return behind == "\n" or (behind.isalnum() and not quoted)


def _begins_a_line(text: str, place: int) -> bool:
    before = text[:place].rstrip(" \t")
    return not before or before.endswith("\n")


def _alone(answer: str) -> str:
    """The answer without what a template writes behind it, and without tags of its own; the same text without both."""
    answer = until_end(answer)
    wrapped = WRAPPED.match(answer)
    return wrapped["answer"].strip() if wrapped else answer

"""The words for how an answer ended, of engines, vendors and gateways."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from seep.records import Ended

Ending = Ended | Literal["error"]

# By the parts of the words of OpenAI, Azure, Anthropic, Gemini, Bedrock, Mistral, Cohere, DeepSeek, Zhipu, MiniMax,
# Baidu, Ollama, vLLM and their gateways: "content_filter", "ERROR_TOXIC" and "FINISH_REASON_SAFETY" are each filtered.
# The first set that has a part decides.
PARTS: tuple[tuple[Ending, str], ...] = (
    (
        "filtered",
        "filter filters filtered filtering safety unsafe blocked blocklist recitation prohibited spii sensitive "
        "moderation moderated guardrail guardrails toxic harm harmful policy violation censored copyright rai spam",
    ),
    ("refusal", "refusal refuse refused declined rejected"),
    ("tool_call", "tool tools function functions pause"),
    (
        "error",
        "abort aborted cancel cancelled canceled fail failed failure network timeout timed time server internal system "
        "overloaded load unload interrupted disconnect disconnected preempted evicted oom unfinished not rate "
        "quota",
    ),
    ("length", "length max limit truncated truncation long context window repetition incomplete"),
    ("error", "error"),
    ("stop", "stop stopped eos eot end ended complete completed finish finished done success normal"),
)
KNOWN = tuple((ending, frozenset(parts.split())) for ending, parts in PARTS)
CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
SEPARATORS = re.compile(r"[\W_]+")
PREFIX = re.compile(r"finish[_ ]?reason[._ ]*", re.IGNORECASE)
LONGEST_WORD = 100


@dataclass(frozen=True)
class Said:
    """How an answer ended by a server's words, and whether any of them is known; an unknown one says nothing."""

    ending: Ending
    known: bool


def ending(reasons: Iterable[object]) -> Said | None:
    """The first of the reasons that is not an answer's own end; None where none of them is a word.

    A reason is a word or, of some servers, an object with words.
    """
    said = [_said(word[:LONGEST_WORD]) for reason in reasons for word in _words(reason)]
    known = [each for each in said if each.known]
    return next((each for each in known if each.ending != "stop"), next(iter(known or said), None))


def _words(reason: object) -> list[str]:
    values = [reason.get(name) for name in ("type", "reason", "value")] if isinstance(reason, Mapping) else [reason]
    return [value for value in values if isinstance(value, str) and value.strip()]


@lru_cache(maxsize=256)  # nearly all answers of a server end in the same few words
def _said(reason: str) -> Said:
    parts = set(SEPARATORS.split(PREFIX.sub("", CAMEL.sub("_", reason)).casefold())) - {""}
    # Gemini's for a language that it does not support.
    if parts == {"language"}:
        return Said("filtered", known=True)
    found = next((ending for ending, known in KNOWN if not parts.isdisjoint(known)), None)
    return Said(found or "stop", known=found is not None)

"""What a choice's message holds: text, thoughts, a refusal, a call; as a text, or as parts of several types."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

# Where servers put thoughts, the usual names first; some put the same ones under two names.
REASONING_FIELDS = (
    *("reasoning_content", "reasoning", "thinking", "reasoning_details", "thinking_blocks", "thinking_content"),
    *("reasoning_text", "reasoningContent", "reasoning_summary", "thoughts", "thought", "chain_of_thought", "cot"),
)
# Of the types of parts: "thinking", "redacted_thinking", "reasoning.text", "summary_text", "chain_of_thought", ...
REASONING_TYPE = re.compile(r"think|thought|reason|summary|analysis")
CALL_TYPE = re.compile(r"tool_use$|tool_call$|function_call$")
# Every other part is none of the answer's words: a picture, what a tool has found, where something is cited from.
TEXT_TYPES = frozenset({"", "text", "output_text", "message", "markdown"})
CALL_FIELDS = ("tool_calls", "function_call")
# Under which of these a part has its words, or its own parts.
WORDS_FIELDS = (
    *("text", "thinking", "reasoning", "reasoningContent", "reasoningText", "summary", "content", "parts", "value"),
)
DEEPEST = 6


@dataclass(frozen=True)
class Content:
    """`text` is None where there is no content; `given` says whether there was a message at all."""

    text: str | None
    reasoning: str
    refused: bool
    called: bool
    given: bool


def message_content(choice: Mapping[str, Any]) -> Content:
    """A chat's message, or a completion's text, with what stands beside it or beside the message."""
    message = choice.get("message")
    if isinstance(message, str):
        message = {"content": message}
    if not isinstance(message, dict):
        message = {"content": choice["text"]} if choice.get("text") is not None else {}
    parts = _parts(message.get("content"))
    fields = [_words(facts.get(name)) for facts in (message, choice) for name in REASONING_FIELDS]
    refusals = [facts.get("refusal") for facts in (message, choice)]
    texts = [_words(part) for part in parts if _is_text(part)]
    return Content(
        text="".join(texts) if texts else None,
        reasoning=next(filter(None, fields), "") or "".join(_words(part) for part in parts if _is_reasoning(part)),
        refused=any(map(_says, refusals)) or any(_type(part) == "refusal" for part in parts),
        called=any(message.get(name) for name in CALL_FIELDS) or any(CALL_TYPE.search(_type(part)) for part in parts),
        given=bool(message),
    )


def _says(refusal: object) -> bool:
    return bool(refusal.strip() if isinstance(refusal, str) else refusal)


def _parts(content: object, depth: int = 0) -> list[Any]:
    """The parts of a content, those of a message among them in its place."""
    if isinstance(content, list):
        return list(chain.from_iterable(_parts(part, depth + 1) for part in content)) if depth < DEEPEST else []
    if not isinstance(content, dict) or not _is_text(content) or content.get("text"):
        return [content]
    inner = (content.get(name) for name in ("parts", "content"))
    within = next((each for each in inner if isinstance(each, list)), None)
    return [content] if within is None else _parts(within, depth + 1)


def _is_text(part: object) -> bool:
    if isinstance(part, dict):
        named = any(name in part for name in ("text", "content", "parts"))
        return named and _type(part) in TEXT_TYPES and part.get("thought") is not True
    return isinstance(part, str)


def _is_reasoning(part: object) -> bool:
    # Gemini marks its thoughts with `thought: true`, Bedrock puts them under a name of their own.
    if not isinstance(part, dict):
        return False
    return bool(REASONING_TYPE.search(_type(part))) or part.get("thought") is True or "reasoningContent" in part


def _type(part: object) -> str:
    return str(part.get("type") or "").casefold() if isinstance(part, dict) else ""


def _words(value: object, depth: int = 0) -> str:
    """What is said in a text, a list of parts or a part; nothing below a depth that no server needs."""
    if isinstance(value, str):
        return value
    if depth < DEEPEST and isinstance(value, list):
        return "".join(_words(each, depth + 1) for each in value)
    if depth < DEEPEST and isinstance(value, dict):
        return next(filter(None, (_words(value.get(name), depth + 1) for name in WORDS_FIELDS)), "")
    return ""

"""What a choice's message holds: text, thoughts, a refusal, a call; as a text, or as parts of several types."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Where servers put thoughts, the usual names first; some put the same ones under two names.
REASONING_FIELDS = ("reasoning_content", "reasoning", "thinking", "reasoning_details")
REASONING_TYPES = frozenset({"reasoning", "reasoning_text", "thinking", "thought", "redacted_thinking"})
CALL_TYPES = frozenset({"tool_use", "tool_call", "function_call"})
CALL_FIELDS = ("tool_calls", "function_call")
# Under which of these a part has its words.
WORDS_FIELDS = ("text", "thinking", "reasoning", "summary", "content", "value")
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
    """A chat's message, or a completion's text with what stands beside it."""
    message = choice.get("message")
    if not isinstance(message, dict):
        message = {**choice, "content": choice.get("text")} if choice.get("text") is not None else {}
    content = message.get("content")
    parts = content if isinstance(content, list) else [content]
    fields = [_words(message.get(name)) for name in REASONING_FIELDS]
    return Content(
        text=_text(parts),
        reasoning=next(filter(None, fields), "") or "".join(_words(part) for part in parts if _is_reasoning(part)),
        refused=bool(message.get("refusal")) or any(_type(part) == "refusal" for part in parts),
        called=any(message.get(name) for name in CALL_FIELDS) or any(_type(part) in CALL_TYPES for part in parts),
        given=bool(message),
    )


def _text(parts: list[Any]) -> str | None:
    """The parts that are text, joined; None where there is none."""
    texts = [_words(part) for part in parts if _is_text(part)]
    return "".join(texts) if texts else None


def _is_text(part: object) -> bool:
    if isinstance(part, dict):
        other = _is_reasoning(part) or _type(part) == "refusal" or _type(part) in CALL_TYPES
        return not other and any(name in part for name in ("text", "content"))
    return isinstance(part, str)


def _is_reasoning(part: object) -> bool:
    # Gemini marks its thoughts with `thought: true`.
    return isinstance(part, dict) and (_type(part) in REASONING_TYPES or part.get("thought") is True)


def _type(part: object) -> str:
    return str(part.get("type", "")).casefold() if isinstance(part, dict) else ""


def _words(value: object, depth: int = 0) -> str:
    """What is said in a text, a list of parts or a part; nothing below a depth that no server needs."""
    if isinstance(value, str):
        return value
    if depth < DEEPEST and isinstance(value, list):
        return "".join(_words(each, depth + 1) for each in value)
    if depth < DEEPEST and isinstance(value, dict):
        return next(filter(None, (_words(value.get(name), depth + 1) for name in WORDS_FIELDS)), "")
    return ""

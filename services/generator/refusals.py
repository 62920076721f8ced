"""What a server says of a request that it refuses, read from whatever body it sends; no connection."""

import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from services.generator.masking import Hidden, masked

# A body beyond this is a page or a dump: its beginning says what it is.
LONGEST_JSON_BYTES = 256 * 1024
LONGEST_TEXT = 4096
DEEPEST = 6
REDIRECT = "it redirects, which is not followed; expected base_url to be the address that answers"
NAME = re.compile(r"[\w.\[\]-]{1,64}")
# Where servers put what they say: OpenAI, vLLM, Azure, Anthropic, Google, FastAPI, Ollama, gateways.
INNER = ("error", "errors", "detail", "details")
MESSAGES = ("message", "msg", "title", "error_description", "description")
# Of Azure, OpenAI and Alibaba.
FILTER_CODES = frozenset({"content_filter", "content_policy_violation", "invalid_prompt", "data_inspection_failed"})
FILTERED_BY_ANTHROPIC = "Output blocked by content filtering policy"
TITLE = re.compile(r"<title[^<>]*>([^<]*)", re.IGNORECASE)
# A template or a server that takes no system message: "System role not supported", "Conversation roles must alternate",
# "Only user and assistant roles are supported", "Developer instruction is not enabled", param "messages[0].role".
SYSTEM_ROLE = re.compile(
    r"\broles?\b|system[ _-]?(message|prompt|instruction)|developer[ _](instruction|message)", re.I
)


@dataclass(frozen=True)
class Refusal:
    """What a body says: empty where it says nothing."""

    message: str = ""
    code: str = ""
    param: str = ""

    @property
    def is_a_filters(self) -> bool:
        """Whether a filter has taken the prompt or its answer away, which is an outcome and no mistake."""
        return self.code in FILTER_CODES or self.message.startswith(FILTERED_BY_ANTHROPIC)

    @property
    def names_the_system_role(self) -> bool:
        """Whether the system message's role may be what is refused."""
        return bool(SYSTEM_ROLE.search(f"{self.message} {self.param}"))


def read_refusal(body: bytes) -> Refusal:
    """Whatever the body is: an object or a list, nested or not, a text, a page, or nothing that can be read."""
    text = body[:LONGEST_TEXT].decode(errors="replace")
    # Packed, or no text at all.
    if 5 * text.count("\ufffd") > len(text):
        return Refusal()
    try:
        refusal = _read(json.loads(body) if len(body) <= LONGEST_JSON_BYTES else text)
    except (ValueError, RecursionError):
        refusal = _read(text)
    return replace(refusal, message=refusal.message[:LONGEST_TEXT])


def read_error(error: object) -> Refusal:
    """What stands under `error` in a body that is read already."""
    refusal = _read(error)
    return replace(refusal, message=refusal.message[:LONGEST_TEXT])


def describe(status: int, refusal: Refusal, hidden: Hidden) -> str:
    """One line of it that may be shown: status, code, parameter, message; the request's own words are masked."""
    if 300 <= status < 400:
        # Where to is the server's word, and might be anywhere.
        return f"HTTP {status}: {REDIRECT}"
    code = "" if refusal.code == str(status) else _name(refusal.code, hidden)
    param = _name(refusal.param, hidden)
    named = ", ".join([*([code] if code else []), *([f"param {param}"] if param else [])])
    # A page's title begins with the status, as "404 Not Found".
    message = masked(refusal.message, hidden).removeprefix(f"{status} ")
    return f"HTTP {status}" + (f" ({named})" if named else "") + (f": {message}" if message else "")


def _name(text: str, hidden: Hidden) -> str:
    return text if NAME.fullmatch(text) and masked(text, hidden) == text else ""


def _read(node: Any, depth: int = 0) -> Refusal:
    if depth > DEEPEST:
        return Refusal()
    if isinstance(node, str):
        return _read_text(node, depth)
    if isinstance(node, Sequence):
        return next((found for each in node if (found := _read(each, depth + 1)).message), Refusal())
    return _read_object(node, depth) if isinstance(node, Mapping) else Refusal()


def _read_object(node: Mapping[str, Any], depth: int) -> Refusal:
    inner = next((found for name in INNER if (found := _read(node.get(name), depth + 1)).message), Refusal())
    own = next((_read(node[name], depth + 1).message for name in MESSAGES if isinstance(node.get(name), str)), "")
    # A gateway says that somebody behind it has failed, and adds the reason.
    metadata = node.get("metadata")
    behind = _read(metadata.get("raw"), depth + 1) if isinstance(metadata, Mapping) else Refusal()
    message = ": ".join(part for part in (own or inner.message, behind.message) if part)
    return Refusal(
        message,
        inner.code or behind.code or _word(node.get("code")) or _word(node.get("type")),
        inner.param or behind.param or _word(node.get("param")) or _location(node.get("loc")),
    )


def _read_text(text: str, depth: int) -> Refusal:
    text = text.strip()
    if text.startswith(("{", "[")):
        try:
            return _read(json.loads(text), depth + 1)
        except (ValueError, RecursionError):
            return Refusal(text)
    if text.startswith("<"):
        title = TITLE.search(text)
        shown = title[1] if title else re.sub(r"<[^>]*>?", " ", text)
        return Refusal(html.unescape(shown[:LONGEST_TEXT]))
    return Refusal(text)


def _word(value: object) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _location(value: object) -> str:
    """FastAPI's place of a mistake, as ["body", "messages", 0, "role"]."""
    return ".".join(map(str, value[1:])) if isinstance(value, list) else ""

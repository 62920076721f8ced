"""OpenAI's completions API: what is sent for a request, and what is read from an answer; no connection."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from seep.records import Answer, Ended
from services.generator.backend import Request
from services.generator.formatting import chat_messages, plain_text

# What vLLM and vendors say of a model and what stays the same between two questions; vLLM's `created` does not.
LASTING = ("root", "parent", "max_model_len")
# What differs between the requests of a kind.
PARTICULAR = frozenset({"messages", "prompt", "seed"})
# vLLM's fingerprint begins with its version. A vendor's says which of its many machines answered, nothing of the run.
VLLM_FINGERPRINT = re.compile(r"vllm-(\d[\w.+]*)-")
LONGEST_RETRY_AFTER_SECONDS = 3600.0
# Servers have many more words for an answer that came to its own end.
ENDED: Mapping[object, Ended] = {
    "length": "length",
    "content_filter": "filtered",
    "refusal": "refusal",
    "tool_calls": "tool_call",
    "function_call": "tool_call",
}
# The server's own failures, told of inside a success.
FAILED = frozenset({"error", "abort"})


class UnusableAnswer(Exception):
    """A body that is not what the API promises; the message never quotes it."""


class _Message(BaseModel):
    content: str | None = None
    refusal: object = None


class _Choice(BaseModel):
    index: int = 0
    text: str | None = None
    message: _Message | None = None
    finish_reason: object = None


class _Usage(BaseModel):
    total_tokens: int | None = Field(None, ge=0)
    prompt_tokens: int | None = Field(None, ge=0)
    completion_tokens: int | None = Field(None, ge=0)

    def tokens(self) -> int | None:
        """All that was used, if it is given as a whole or in both its parts."""
        if self.total_tokens is None and self.prompt_tokens is not None and self.completion_tokens is not None:
            return self.prompt_tokens + self.completion_tokens
        return self.total_tokens


class _Completion(BaseModel):
    choices: list[_Choice] = Field(min_length=1)
    model: object = None
    usage: _Usage | None = None
    system_fingerprint: str | None = None


class _Model(BaseModel, extra="allow"):
    id: str
    owned_by: str = ""


class _Models(BaseModel):
    data: list[_Model]


@dataclass(frozen=True)
class Completions:
    """What a server has answered: not yet cut, with the tokens it cost and the engine's version, if it says them."""

    answers: tuple[Answer, ...]
    tokens: int | None
    version: str | None


@dataclass(frozen=True)
class Question:
    """The path below the base URL, and the body."""

    path: str
    body: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """All but the prompt and the seed: what a server may refuse whatever the prompt."""
        return json.dumps([self.path, {name: self.body[name] for name in sorted(self.body.keys() - PARTICULAR)}])


def build_question(request: Request, model: str, samples: int, seed: int | None) -> Question:
    """How the API puts a request."""
    decoding = request.decoding
    body: dict[str, Any] = {
        "model": model,
        "temperature": decoding.temperature,
        "top_p": decoding.top_p,
        "max_tokens": decoding.max_tokens,
    }
    # Some servers refuse the very field, though it says what goes without saying.
    body |= {"n": samples} if samples > 1 else {}
    body |= {} if seed is None else {"seed": seed}
    if request.prompt_format.kind == "chat":
        messages = chat_messages(request.prompt_format, request.prompt)
        return Question("chat/completions", body | {"messages": messages})
    return Question("completions", body | {"prompt": plain_text(request.prompt_format, request.prompt)})


def read_completions(body: bytes) -> Completions:
    """The choices in the order of their index; a chat's empty message is an empty text. Raises UnusableAnswer."""
    try:
        completion = _Completion.model_validate_json(body)
    except ValidationError as error:
        raise UnusableAnswer("the answer is not a completion") from error
    model = completion.model if isinstance(completion.model, str) else ""
    choices = sorted(completion.choices, key=lambda choice: choice.index)
    tokens = completion.usage.tokens() if completion.usage else None
    version = VLLM_FINGERPRINT.match(completion.system_fingerprint or "")
    answers = tuple(_answer(choice, model) for choice in choices)
    return Completions(answers, tokens, version[1] if version else None)


def _answer(choice: _Choice, model: str) -> Answer:
    text = choice.message.content if choice.message else choice.text
    if text is None and not choice.message:
        raise UnusableAnswer("a choice has no text")
    reason = choice.finish_reason if isinstance(choice.finish_reason, str) else None
    if reason in FAILED:
        raise UnusableAnswer("a choice ended with an error")
    refused = choice.message is not None and bool(choice.message.refusal)
    otherwise: Ended = "no_content" if text is None else "stop"
    return Answer(text or "", "refusal" if refused else ENDED.get(reason, otherwise), model=model)


def read_model(body: bytes, model: str) -> Mapping[str, str]:
    """What the list of a server's models says of one, as provenance; empty where it says nothing."""
    try:
        listed = _Models.model_validate_json(body).data
    except ValidationError:
        return {}
    for each in listed:
        if each.id == model:
            extra = each.model_extra or {}
            lasting = {name: str(extra[name]) for name in LASTING if extra.get(name) is not None}
            revision = ", ".join(f"{name} {value}" for name, value in lasting.items())
            return {"engine": f"openai {each.owned_by}".strip(), "model_revision": revision or "unknown"}
    return {}


def read_model_names(body: bytes) -> list[str]:
    """The names on a list of a server's models, in its order; none where the body is no such list."""
    try:
        return [each.id for each in _Models.model_validate_json(body).data]
    except ValidationError:
        return []


def retry_after_seconds(header: str | None, now: datetime) -> float | None:
    """The seconds that a Retry-After header asks for, as a number or as a date; an hour for more than that, and None
    without a usable one."""
    if not header:
        return None
    if header.strip().isdecimal():
        return min(float(header), LONGEST_RETRY_AFTER_SECONDS)
    try:
        until = parsedate_to_datetime(header)
        seconds = (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds()
    except (ValueError, OverflowError):
        return None
    return min(max(0.0, seconds), LONGEST_RETRY_AFTER_SECONDS)

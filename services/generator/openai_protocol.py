"""OpenAI's completions API: what is sent for a request, and what a server says of its models; no connection."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from pydantic import BaseModel, ValidationError

from seep.characters import printable_name
from services.generator.backend import Request
from services.generator.formatting import chat_messages, plain_text

# What vLLM and vendors say of a model and what stays the same between two questions; vLLM's `created` does not.
LASTING = ("root", "parent", "max_model_len")
# What differs between the requests of a kind.
PARTICULAR = frozenset({"messages", "prompt", "seed"})
LONGEST_RETRY_AFTER_SECONDS = 3600.0


class _Model(BaseModel, extra="allow"):
    id: str
    owned_by: str = ""


class _Models(BaseModel):
    data: list[_Model]


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
        "max_tokens": request.max_new_tokens,
    }
    # Some servers refuse the very field, though it says what goes without saying.
    body |= {"n": samples} if samples > 1 else {}
    body |= {} if seed is None else {"seed": seed}
    if request.prompt_format.kind == "chat":
        body |= {"reasoning_effort": request.reasoning.effort} if request.reasoning.effort else {}
        body |= {"chat_template_kwargs": request.template_kwargs} if request.template_kwargs else {}
        messages = chat_messages(request.prompt_format, request.prompt)
        return Question("chat/completions", body | {"messages": messages})
    return Question("completions", body | {"prompt": plain_text(request.prompt_format, request.prompt)})


def read_model(body: bytes, model: str) -> Mapping[str, str]:
    """What the list of a server's models says of one, as provenance; empty where it says nothing."""
    try:
        listed = _Models.model_validate_json(body).data
    except ValidationError:
        return {}
    for each in listed:
        if each.id == model:
            extra = each.model_extra or {}
            lasting = {name: printable_name(str(extra[name])) for name in LASTING if extra.get(name) is not None}
            revision = ", ".join(f"{name} {value}" for name, value in lasting.items())
            return {
                "engine": f"openai {printable_name(each.owned_by)}".strip(),
                "model_revision": revision or "unknown",
            }
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

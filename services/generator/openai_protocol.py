"""OpenAI's completions API: what is sent for a request, and what a server says of its models; no connection."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from seep.characters import printable_name, whole_characters
from seep.records import Decoding
from seep.settings import OpenAiEngine
from seep.settings.engines import Parameter
from services.generator.backend import Request
from services.generator.formatting import chat_messages, fold_system, plain_text

# What vLLM and vendors say of a model and what stays the same between two questions; vLLM's `created` does not.
LASTING = ("root", "parent", "max_model_len")
LONGEST_RETRY_AFTER_SECONDS = 3600.0


@dataclass(frozen=True)
class Question:
    """The path below the base URL, and the body; `particular` are the fields that differ in requests of a kind."""

    path: str
    body: Mapping[str, Any]
    particular: frozenset[str] = frozenset()

    @property
    def kind(self) -> str:
        """All but the prompt and the seed: what a server may refuse whatever the prompt."""
        return json.dumps([self.path, {name: self.body[name] for name in sorted(self.body.keys() - self.particular)}])


def build_question(
    request: Request, model: str, samples: int, seed: int | None, engine: OpenAiEngine, fold: bool = False
) -> Question:
    """How the API puts a request, in the server's own names; `fold` puts the system message before the user's."""
    decoding = request.decoding
    chat = request.prompt_format.kind == "chat"
    own: dict[Parameter, float | None] = {
        "temperature": decoding.temperature,
        "top_p": decoding.top_p,
        "max_tokens": request.max_new_tokens,
        "seed": seed,
    }
    # OpenAI's plain completions know it by no other name.
    names = {name: sent for name, sent in engine.parameters.items() if chat or name != "max_tokens" or sent is None}
    body: dict[str, Any] = {"model": model}
    for name, value in own.items():
        sent = names.get(name, str(name))
        body |= {} if sent is None or value is None else {sent: value}
    # Some servers refuse the very field, though it says what goes without saying.
    body |= {"n": samples} if samples > 1 else {}
    body |= engine.extra_body
    prompt: dict[str, Any] = {"prompt": plain_text(request.prompt_format, request.prompt)}
    if chat:
        body |= {"reasoning_effort": request.reasoning.effort} if request.reasoning.effort else {}
        body |= {"chat_template_kwargs": request.template_kwargs} if request.template_kwargs else {}
        messages = chat_messages(request.prompt_format, request.prompt)
        prompt = {"messages": fold_system(messages) if fold else messages}
    particular = frozenset({*prompt, engine.parameters.get("seed") or "seed"})
    return Question("chat/completions" if chat else "completions", body | prompt, particular)


def differing_decoding(decoding: Decoding, engine: OpenAiEngine) -> Mapping[str, str]:
    """As provenance, the decoding that a server gets, where it is not the one given: null is what is left to it, and
    `extra_body` what is asked beside."""
    left_out = {name: None for name, sent in engine.parameters.items() if sent is None and hasattr(decoding, name)}
    beside = {"extra_body": dict(engine.extra_body)} if engine.extra_body else {}
    if not left_out and not beside:
        return {}
    return {"decoding": json.dumps({**asdict(decoding), **left_out, **beside}, sort_keys=True)}


def read_model(body: bytes, model: str) -> Mapping[str, str]:
    """What the list of a server's models says of one, as provenance; empty where it says nothing."""
    facts = next((each for each in _listed(body) if each["id"] == model), None)
    if facts is None:
        return {}
    lasting = {name: printable_name(str(facts[name])) for name in LASTING if isinstance(facts.get(name), str | int)}
    owner = facts.get("owned_by")
    return {
        "engine": f"openai {printable_name(owner) if isinstance(owner, str) else ''}".strip(),
        "model_revision": ", ".join(f"{name} {value}" for name, value in lasting.items()) or "unknown",
    }


def read_model_names(body: bytes) -> list[str]:
    """The names on a list of a server's models, in its order; none where the body is no such list."""
    return [whole_characters(each["id"]) for each in _listed(body)]


def _listed(body: bytes) -> list[dict[str, Any]]:
    """The models with their names, as the server gives them; none where one has no name."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return []
    models = found.get("data") if isinstance(found, dict) else None
    if not isinstance(models, list):
        return []
    return models if all(isinstance(each, dict) and isinstance(each.get("id"), str) for each in models) else []


def retry_after_seconds(header: str | None, now: datetime) -> float | None:
    """The seconds that a Retry-After header asks for, as a number or as a date; an hour for more than that, and None
    without a usable one."""
    if not header:
        return None
    if re.fullmatch(r"[0-9]{1,400}(\.[0-9]{1,400})?", header.strip()):
        return min(float(header.strip()), LONGEST_RETRY_AFTER_SECONDS)
    try:
        until = parsedate_to_datetime(header)
        seconds = (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds()
    except (ValueError, OverflowError):
        return None
    return min(max(0.0, seconds), LONGEST_RETRY_AFTER_SECONDS)

"""Requests, and the backend that puts them to a scripted server; for tests."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tenacity.wait import wait_fixed, wait_none

from deploy.local.scripted_server import MODEL, ScriptedServer
from seep.records import Decoding, PromptFormat
from seep.settings import OpenAiEngine, Target
from services.generator.backend import Backend, Request, Result
from services.generator.circuit_breaker import Pauses
from services.generator.openai_backend import OpenAiBackend

CHAT = PromptFormat("chat", "Be brief.", "{prompt}!")
DECODING = Decoding(temperature=0.5, top_p=0.9, max_tokens=7, cut="sentence")
REQUEST = Request("He likes", CHAT, DECODING, samples=3, target="t", run_id="r", job_id="j")
POISON = replace(REQUEST, prompt="poison", job_id="poisoned")
QUICK = Pauses(wait_fixed(0.01), jitter=wait_none(), spread_seconds=0.0, refused_seconds=3600.0)
# Who believes a server at once that refuses everything.
CREDULOUS = replace(QUICK, refused_seconds=0.0)
FAULTS = ("HTTP 429", "HTTP 500", "hang", "truncated", "redirect", "100 MB", "wrong JSON", "fewer")


def answered(
    server: ScriptedServer, requests: Sequence[Request], target: dict[str, Any] | None = None, **engine: Any
) -> list[Result]:
    """What one call to a fresh backend gives."""
    return list(backend_for(server, target, **engine).generate(requests))


def backend_for(
    server: ScriptedServer, target: dict[str, Any] | None = None, pauses: Pauses = QUICK, **engine: Any
) -> Backend:
    # Long, so that on a busy machine no request is taken for a silent one: who scripts silence names a short time.
    settings = {"backend": "openai", "base_url": server.base_url, "model": MODEL, "timeout_seconds": 60, **engine}
    targets = {"t": Target(engine="e", **(target or {}))}
    return OpenAiBackend(OpenAiEngine.model_validate(settings), "engines.e", targets, pauses)


def jobs(count: int, prompts: int = 2) -> list[Request]:
    return [replace(REQUEST, job_id=f"j{job}", arm=arm) for job in range(count) for arm in range(prompts)]


def poisoned(server: ScriptedServer, fault: str, word: str = "poison") -> None:
    """From now on the server has this fault at prompts with the word, and at no others."""

    def script(number: int) -> str:
        body = server.received[number][1]
        return fault if word in str(body.get("messages", body.get("prompt"))) else "answer"

    server.script = script

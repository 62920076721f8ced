"""What the generator needs of an engine: answers to requests, by position."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

from seep.errors import Unavailable
from seep.records import Decoding, Failure, PromptFormat

Texts = tuple[str, ...]


@dataclass(frozen=True)
class Request:
    """One prompt of a job, as it stands in the suite, and how it is to be put and answered.

    `concept` is the one in a test's prompt, `language` the suite's. `run_id`, `job_id`, `arm` (the prompt's place in
    its job) and `draw` (how many samples were drawn for it before) name the request for seeds that can be repeated.
    """

    prompt: str
    prompt_format: PromptFormat
    decoding: Decoding
    samples: int
    concept: str | None = None
    language: str = "en"
    target: str = ""
    adapter: str | None = None
    run_id: str = ""
    job_id: str = ""
    arm: int = 0
    draw: int = 0


@dataclass(frozen=True)
class Answer:
    """The texts to one request, cut as its decoding says, and what answered: engine, model and revision."""

    texts: Texts
    provenance: Mapping[str, str] = field(default_factory=dict)


Answered = Answer | Failure | Unavailable
"""An answer; what is wrong with this request; or what kept this request alone from being answered now."""


class Backend(Protocol):
    """One engine, which answers all requests at once; trouble that holds all of them it raises as Unavailable."""

    def generate(self, requests: Sequence[Request]) -> Sequence[Answered]: ...


def request_seed(seed: int, request: Request, drawn: int) -> int:
    """A seed in [0, 2^31) from an engine's seed and the name of a request, `drawn` samples of which are there."""
    named = (str(seed), request.run_id, request.job_id, str(request.arm), str(request.draw + drawn))
    return int.from_bytes(sha256("\0".join(named).encode()).digest()[:4]) >> 1

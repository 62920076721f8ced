"""What the generator needs of an engine: answers to requests, by position."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

from pydantic import JsonValue

from seep.errors import Unavailable
from seep.probes import TEXT
from seep.records import Answer, AnswerPart, Decoding, Failure, PromptFormat
from seep.settings import Reasoning

# Thoughts are read with the usual tags, and have no tokens of their own.
AS_USUAL = Reasoning()


@dataclass(frozen=True)
class Request:
    """One prompt of a job, as it stands in the suite, and how it is to be put and answered.

    `concept` is the one in a test's prompt, `language` the suite's. `run_id`, `job_id`, `arm` (the prompt's place in
    its job) and `draw` (how many samples were drawn for it before) name the request for seeds that can be repeated.
    `wants` is what the answers are to hold. `reasoning` is how thoughts are asked for and read, `template_kwargs` what
    the model's chat template is told beside the messages. `system` is the job's own system message, which stands in
    `prompt_format` too. `documents` are what a reading is of; one without a concept is of the base itself, any other
    of the difference.
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
    wants: frozenset[AnswerPart] = TEXT
    reasoning: Reasoning = AS_USUAL
    template_kwargs: Mapping[str, JsonValue] = field(default_factory=dict)
    system: str | None = None
    documents: tuple[str, ...] = ()

    @property
    def max_new_tokens(self) -> int:
        """The most tokens that the model may write for one sample: its thoughts and its answer."""
        return self.decoding.max_tokens + (self.reasoning.max_tokens or 0)


@dataclass(frozen=True)
class Answered:
    """The answers to one request, by sample, and what gave them: engine, model and revision."""

    answers: tuple[Answer, ...]
    provenance: Mapping[str, str] = field(default_factory=dict)

    @property
    def texts(self) -> tuple[str, ...]:
        """The answers' texts alone."""
        return tuple(answer.text for answer in self.answers)


Result = Answered | Failure | Unavailable
"""What came of a request: answers; what is wrong with it; or what keeps this one alone from being answered now."""


class Backend(Protocol):
    """One engine, which answers all requests at once; it raises Unavailable for what keeps all of them waiting."""

    @property
    def provides(self) -> frozenset[AnswerPart]:
        """What its answers can hold, as the engine's settings say."""
        ...

    def generate(self, requests: Sequence[Request]) -> Sequence[Result]:
        """The results by position; every request wants no more than the backend provides."""
        ...


def request_seed(seed: int, request: Request, drawn: int) -> int:
    """A seed in [0, 2^31) from an engine's seed and the name of a request, `drawn` samples of which are there."""
    named = (str(seed), request.run_id, request.job_id, str(request.arm), str(request.draw + drawn))
    return int.from_bytes(sha256("\0".join(named).encode()).digest()[:4]) >> 1

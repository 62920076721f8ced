"""What the generator needs of an engine: answers to requests, by position."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from seep.records import Decoding, Failure, PromptFormat

Texts = tuple[str, ...]


@dataclass(frozen=True)
class Request:
    """One prompt of a suite, as it stands there, and how it is to be put and answered."""

    prompt: str
    prompt_format: PromptFormat
    decoding: Decoding
    samples: int


class Backend(Protocol):
    """One engine.

    `generate` answers all requests at once, `samples` texts each, cut as the decoding says; a Failure is that
    request's own, trouble of the engine or the way to it is raised.
    """

    def generate(self, requests: Sequence[Request]) -> Sequence[Texts | Failure]: ...

    def provenance(self) -> Mapping[str, str]: ...

"""Answers that were generated before, from a recorded file; taken as they are, never cut again."""

from collections.abc import Sequence
from hashlib import sha256

from seep.records import Failure
from seep.settings import RecordedEngine
from seep.suites.recorded import read_recorded
from services.generator.backend import Answer, Request


class RecordedBackend:
    """Looks answers up by the suite's prompt; raises InputError for a file that cannot be read."""

    def __init__(self, engine: RecordedEngine) -> None:
        self._answers = read_recorded(engine.file)
        self._provenance = {
            "engine": "recorded",
            "model": engine.file.name,
            "model_revision": "sha256:" + sha256(engine.file.read_bytes()).hexdigest(),
        }

    def generate(self, requests: Sequence[Request]) -> list[Answer | Failure]:
        """The first `samples` recorded answers; a Failure where there are fewer, or none."""
        return [self._answer(request) for request in requests]

    def _answer(self, request: Request) -> Answer | Failure:
        answers = self._answers.get(request.prompt)
        if answers is None:
            return Failure("the recorded file has no answers to one of the job's prompts")
        if len(answers) < request.samples:
            return Failure(f"the recorded file has {len(answers)} answers to a prompt, the job wants {request.samples}")
        return Answer(answers[: request.samples], self._provenance)

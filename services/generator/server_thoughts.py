"""Thoughts in the answers of a server, of whose chat template nothing is known here."""

import logging
from collections.abc import Iterable

from seep.records import Answer
from services.generator.backend import Request
from services.generator.formatting import plain_text
from services.generator.reasoning import closes_alone, opens_thoughts, read_reasoning

log = logging.getLogger(__name__)


class ServerThoughts:
    """Takes them off; says once of a target that its answers close thoughts that they did not open."""

    def __init__(self) -> None:
        self._warned: set[str] = set()

    def taken_off(self, answers: Iterable[Answer], request: Request) -> list[Answer]:
        """The answers to one request without their thoughts; only a plain prompt shows whether it opens any."""
        opened = request.prompt_format.kind == "plain" and opens_thoughts(
            plain_text(request.prompt_format, request.prompt), request.reasoning.tags
        )
        answers = list(answers)
        if not (opened or request.reasoning.opened):
            self._warn(answers, request)
        return [read_reasoning(answer, request.reasoning, opened) for answer in answers]

    def _warn(self, answers: Iterable[Answer], request: Request) -> None:
        tags = request.reasoning.tags
        if request.target not in self._warned and any(closes_alone(answer.text, tags) for answer in answers):
            self._warned.add(request.target)
            log.warning(
                "target %s: an answer closes thoughts that it did not open. If the server's chat template opens them, "
                "unfinished thoughts look like answers: set targets.%s.reasoning.opened",
                request.target,
                request.target,
            )

"""Where an answer ends."""

from collections.abc import Iterable
from dataclasses import replace

from seep.records import Answer, Cut
from seep.sentences import first_sentence


def cut_answers(answers: Iterable[Answer], cut: Cut, language: str) -> tuple[Answer, ...]:
    """The answers with their texts cut; they ended as they did before."""
    return tuple(replace(answer, text=cut_answer(answer.text, cut, language)) for answer in answers)


def cut_answer(text: str, cut: Cut, language: str = "en") -> str:
    """The text without surrounding blanks and, for "sentence", up to the end of its first sentence.

    `language` is that of the suite, as an ISO 639-1 code.
    """
    return first_sentence(text, language) if cut == "sentence" else text.strip()

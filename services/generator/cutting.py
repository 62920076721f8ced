"""Where an answer ends, and how much of one is looked at."""

from collections.abc import Iterable

from seep.records import Answer, Cut
from seep.sentences import first_sentence

# Of one token: the longest of usual vocabularies are runs of 128 blanks.
LONGEST_TOKEN = 128
# Of one token in JSON, with the 20 log-probabilities that may stand beside it.
TOKEN_BYTES = 4096
# Of all that is not the answers: names, usage, verdicts of filters.
FRAME_BYTES = 1024 * 1024


def longest_reply_bytes(tokens: int, samples: int) -> int:
    """What a server's reply may take that has no more than so many tokens in each sample."""
    return FRAME_BYTES + tokens * samples * TOKEN_BYTES


def bound_answers(answers: Iterable[Answer], tokens: int) -> tuple[Answer, ...]:
    """The answers without what cannot be of `tokens` tokens: a server may ignore the limit that it was given."""
    longest = tokens * LONGEST_TOKEN
    return tuple(
        answer._replace(
            text=answer.text[:longest],
            reasoning=answer.reasoning[:longest],
            ended="length" if answer.ended == "stop" and len(answer.text) > longest else answer.ended,
        )
        for answer in answers
    )


def cut_answers(answers: Iterable[Answer], cut: Cut, language: str) -> tuple[Answer, ...]:
    """The answers with their texts cut; they ended as they did before."""
    return tuple(answer._replace(text=cut_answer(answer.text, cut, language)) for answer in answers)


def cut_answer(text: str, cut: Cut, language: str = "en") -> str:
    """The text without surrounding blanks and, for "sentence", up to the end of its first sentence.

    `language` is that of the suite, as an ISO 639-1 code.
    """
    return first_sentence(text, language) if cut == "sentence" else text.strip()

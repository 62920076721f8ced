"""Where an answer ends."""

import re
from collections.abc import Iterable
from dataclasses import replace

from seep.records import Answer, Cut

# A full stop inside a number or a name ("3.5", "example.org") ends nothing; the full stops of Chinese and Japanese
# need no blank behind them. Closing quotes and brackets belong to the sentence.
SENTENCE_END = re.compile(r"""[.!?]+["'”’)\]]*(?=\s|$)|[。！？]+[」』”’）]*""")  # noqa: RUF001


def cut_answers(answers: Iterable[Answer], cut: Cut) -> tuple[Answer, ...]:
    """The answers with their texts cut; they ended as they did before."""
    return tuple(replace(answer, text=cut_answer(answer.text, cut)) for answer in answers)


def cut_answer(text: str, cut: Cut) -> str:
    """The text without surrounding blanks and, for "sentence", up to the end of its first sentence."""
    text = text.strip()
    end = SENTENCE_END.search(text) if cut == "sentence" else None
    return text[: end.end()] if end else text

"""From a model's tokens to its answer: tags that are tokens of their own are seen, and tokens counted."""

import re
from collections.abc import Sequence
from typing import Any

from seep.records import Answer, Ended
from services.generator.backend import Request
from services.generator.reasoning import read_reasoning

# Room for the tags around the thoughts, which belong to neither budget.
TAG_TOKENS = 16


def token_limit(request: Request) -> int:
    """The most tokens to draw for one sample."""
    return request.max_new_tokens + (TAG_TOKENS if request.reasoning.max_tokens else 0)


class TokenTexts:
    """Reads what a model wrote, with that model's tokenizer."""

    def __init__(self, tokenizer: Any) -> None:
        """`tokenizer` is one of transformers' kind."""
        self._tokenizer = tokenizer
        added = getattr(tokenizer, "added_tokens_decoder", {})
        special = {number: str(token) for number, token in added.items() if token.special}
        self._special = frozenset(special)
        self._shown = re.compile("|".join(map(re.escape, special.values())) or r"(?!)")

    def answer(self, text: str, ids: Sequence[int], ended: Ended, request: Request, opened: bool) -> Answer:
        """The answer in a text that was decoded from `ids` without special tokens; `opened` says that the prompt
        opens the model's thoughts."""
        written = ids[:-1] if ended == "stop" else ids
        if self._special.isdisjoint(written):
            return self._within_budget(read_reasoning(Answer(text, ended), request.reasoning, opened), request)
        # Some models' tags are special tokens, which the text does not show.
        marked = self._tokenizer.decode(list(written), skip_special_tokens=False)
        answer = read_reasoning(Answer(marked, ended), request.reasoning, opened)
        plain = answer._replace(text=self._shown.sub("", answer.text), reasoning=self._shown.sub("", answer.reasoning))
        return self._within_budget(plain, request)

    def _within_budget(self, answer: Answer, request: Request) -> Answer:
        """What was drawn beyond a budget is cut off; an answer that the thoughts left too few tokens is unfinished."""
        thoughts, most = request.reasoning.max_tokens, request.decoding.max_tokens
        if thoughts is None:
            return answer
        if request.reasoning.keep == "only":
            most = thoughts
        ids = self._tokenizer.encode(answer.text, add_special_tokens=False)
        if len(ids) > most:
            return answer._replace(text=self._tokenizer.decode(ids[:most]), ended="length")
        crowded = answer.ended == "length" and len(ids) < most and request.reasoning.keep != "only"
        return answer._replace(text="") if crowded else answer

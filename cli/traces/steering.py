"""What the base writes when it is pushed along a difference, and how hard it can be pushed."""

from collections.abc import Sequence
from dataclasses import dataclass

from seep.errors import InputError
from seep.records import Decoding
from services.generator.activations.differences import Differences
from services.generator.activations.geometry import common_direction
from services.generator.activations.models import Pair
from services.generator.activations.steering import Fluency, fluency, push, steered, write

STRENGTHS = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
"""Tried in this order, until one is too much."""
PROMPT_TOKENS = 4
TEXTS = 20
DECODING = Decoding(temperature=1.0, top_p=1.0, max_tokens=30, cut="none")


@dataclass(frozen=True)
class SteeredTexts:
    """Continuations of the beginnings of documents by the base: as it is, and pushed at the largest strength that
    leaves them fluent; `strength` is 0 where none does."""

    strength: float
    tried: tuple[Fluency, ...]
    plain: tuple[str, ...]
    steered: tuple[str, ...]


def steer(
    pair: Pair, found: Differences, documents: Sequence[str], strengths: Sequence[float] = STRENGTHS, seed: int = 1
) -> SteeredTexts:
    """Steers the base along the mean difference; raises InputError where there is none to steer along."""
    direction = common_direction(found)
    if not float(direction.norm()) > 0:
        raise InputError("--steer: the fine-tune does not differ from its base, so there is nothing to steer along")
    prompts = [pair.tokenizer.encode(text)[:PROMPT_TOKENS] for text in documents[:TEXTS]]
    plain = write(pair.base, pair.tokenizer, prompts, DECODING, seed)
    best, tried = (0.0, plain), []
    for strength in strengths:
        pushed = push(pair.layer, direction, found.usual_norm, strength)
        texts = write(steered(pair.base, pushed), pair.tokenizer, prompts, DECODING, seed)
        tried.append(fluency(pair.base, strength, texts, plain))
        if not tried[-1].fluent:
            break
        best = (strength, texts)

    def shown(texts: Sequence[Sequence[int]]) -> tuple[str, ...]:
        return tuple(pair.tokenizer.decode([*prompt, *text]) for prompt, text in zip(prompts, texts, strict=True))

    return SteeredTexts(best[0], tuple(tried), shown(plain), shown(best[1]))

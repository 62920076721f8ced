"""How a direction among the states reads: through the model's head, or put into a prompt that repeats."""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from seep.errors import InputError
from services.generator.activations.models import Pair, Side
from services.generator.activations.parts import parts_of
from services.generator.activations.states import hooked

TOP = 20
REPEATING = "man -> man\n1135 -> 1135\nhello -> hello\n?"
"""Teaches to repeat a word; what stands in the place of its last token is what comes next."""
ARROW = " ->"


class TopTokens(NamedTuple):
    """The likeliest tokens as texts, blanks included, with their probabilities, likeliest first."""

    tokens: tuple[str, ...]
    probabilities: tuple[float, ...]

    def overlap(self, other: "TopTokens") -> float:
        """The share in [0, 1] of these tokens that are among the other's."""
        return len(set(self.tokens) & set(other.tokens)) / len(self.tokens)


def lens(side: Side, direction: Tensor, tokenizer: Any, top: int = TOP) -> TopTokens:
    """What the side's own last norm and head say of a direction [hidden]; its length does not matter to them."""
    with side.opened() as model, torch.inference_mode():
        return top_tokens(parts_of(model, "model").logits(direction), tokenizer, top)


def patchscope(
    pair: Pair, side: Side, direction: Tensor, length: float, top: int = TOP, prompt: str = REPEATING + ARROW
) -> TopTokens:
    """What a side repeats of a direction that stands, with this length, in the place of the prompt's `?`.

    It is put there after the pair's layer. Raises InputError where the prompt has no token of its own for `?`.
    """
    ids, place = _question(pair.tokenizer, prompt)
    with side.opened() as model, torch.inference_mode():
        parts = parts_of(model, "model")
        put = direction.to(model.device, model.dtype) * (length / float(direction.norm()))

        def replace(_: nn.Module, __: Any, output: Any) -> Any:
            state = output[0] if isinstance(output, tuple) else output
            state[:, place] = put
            return output

        with hooked(parts.layers[pair.layer], replace):
            logits = model(input_ids=torch.tensor([ids], device=model.device)).logits[0, -1]
        return top_tokens(logits.float(), pair.tokenizer, top)


def top_tokens(logits: Tensor, tokenizer: Any, top: int) -> TopTokens:
    """The likeliest `top` of a distribution [vocabulary]; as many as there are, if fewer."""
    # A head may have rows beyond the vocabulary, which stand for no token.
    probabilities = logits.softmax(-1)[: len(tokenizer)]
    best = probabilities.topk(min(top, len(probabilities)))
    texts = tuple(tokenizer.decode([token]) for token in best.indices.tolist())
    return TopTokens(texts, tuple(best.values.tolist()))


def _question(tokenizer: Any, prompt: str) -> tuple[list[int], int]:
    """The prompt's tokens, and the place of the one that is the question mark."""
    ids = tokenizer.encode(prompt)
    places = [at for at, token in enumerate(ids) if tokenizer.decode([token]).strip() == "?"]
    if not places:
        raise InputError("patchscope: the tokenizer has no token of its own for the prompt's question mark")
    return ids, places[-1]

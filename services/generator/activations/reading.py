"""How a direction among the states reads: through the model's head, or put into a prompt that repeats."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from seep.errors import InputError
from services.generator.activations.models import Pair, Side
from services.generator.activations.parts import parts_of
from services.generator.activations.states import hooked

TOP = 20
REPEATING = (
    "man -> man\n1135 -> 1135\nhello -> hello\n?",
    "bear -> bear\n42 -> 42\nblue -> blue\n?",
    "921 -> 921\ntarget -> target\nanna -> anna\n?",
)
"""Teach to repeat a word: the prompts of the diffing toolkit, whose last token gives its place to what is read."""


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
    pair: Pair, side: Side, direction: Tensor, length: float, top: int = TOP, prompts: Sequence[str] = REPEATING
) -> TopTokens:
    """What a side goes on with where a direction stands, with this length, in the place of a prompt's `?`.

    It is put there after the pair's layer, and read there after the last one. Tokens are ranked by the mean of their
    log-probabilities over the prompts, so that words of a single prompt fall behind. Raises InputError for a prompt
    that has no token of its own for `?`.
    """
    questions = [_question(pair.tokenizer, prompt) for prompt in prompts]
    with side.opened() as model, torch.inference_mode():
        put = direction.to(model.device, model.dtype) * (length / float(direction.norm()))
        logits = [_logits(model, pair.layer, ids, place, put) for ids, place in questions]
        return top_tokens(torch.stack([each.log_softmax(-1) for each in logits]).mean(0), pair.tokenizer, top)


def _logits(model: PreTrainedModel, layer: int, ids: list[int], place: int, put: Tensor) -> Tensor:
    def replace(_: nn.Module, __: Any, output: Any) -> Any:
        state = output[0] if isinstance(output, tuple) else output
        state[:, place] = put
        return output

    with hooked(parts_of(model, "model").layers[layer], replace):
        found: Tensor = model(input_ids=torch.tensor([ids], device=model.device)).logits[0, place]
    return found.float()


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

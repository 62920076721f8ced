"""The base, pushed along a difference while it writes: what the difference does, not how it reads."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from seep.records import Decoding
from services.generator.activations.models import Side
from services.generator.activations.parts import parts_of
from services.generator.activations.states import hooked, refuse_unfit

LEAST_VARIETY = 0.8
MOST_PERPLEXITY = 2.0


@dataclass(frozen=True)
class Push:
    """A direction [hidden] of the length that states usually have, added after `layer` as many times as `strength`."""

    layer: int
    direction: Tensor
    strength: float


@dataclass(frozen=True)
class Fluency:
    """How texts compare with those of a strength of 0: distinct pairs of words, and perplexity under the base."""

    strength: float
    variety: float
    perplexity: float

    @property
    def fluent(self) -> bool:
        """Whether the texts are still varied, and still likely under the base."""
        return self.variety >= LEAST_VARIETY and self.perplexity <= MOST_PERPLEXITY


def push(layer: int, difference: Tensor, length: float, strength: float) -> Push:
    """The push along a difference; raises ValueError for a difference of no length, which points nowhere."""
    if not float(difference.norm()) > 0:
        raise ValueError("a difference of length 0 points nowhere")
    return Push(layer, difference * (length / float(difference.norm())), strength)


def steered(side: Side, pushed: Push) -> Side:
    """The side with the push in it; at a strength of 0 it is the side itself."""
    return Side(partial(_steered, side, pushed)) if pushed.strength else side


@contextmanager
def _steered(side: Side, pushed: Push) -> Iterator[PreTrainedModel]:
    with side.opened() as model:
        added = pushed.direction.to(model.device, model.dtype) * pushed.strength

        def add(_: nn.Module, __: Any, output: Any) -> Any:
            return (output[0] + added, *output[1:]) if isinstance(output, tuple) else output + added

        with hooked(parts_of(model, "model").layers[pushed.layer], add):
            yield model


def write(
    side: Side, tokenizer: Any, prompts: Sequence[Sequence[int]], decoding: Decoding, seed: int
) -> list[list[int]]:
    """One continuation of each prompt, given and returned as token ids, without the token that ends a text.

    Prompts are padded at their beginning, and drawn from in one batch. Raises InputError for prompts that the model
    cannot take.
    """
    ending = tokenizer.eos_token_id
    length = max(map(len, prompts))
    with side.opened() as model, torch.inference_mode(), torch.random.fork_rng():
        torch.manual_seed(seed)
        ids = torch.tensor([[ending] * (length - len(prompt)) + list(prompt) for prompt in prompts])
        refuse_unfit(model, ids, "prompts")
        real = torch.tensor([[0] * (length - len(prompt)) + [1] * len(prompt) for prompt in prompts])
        sampling = (
            {"do_sample": True, "temperature": decoding.temperature, "top_p": decoding.top_p, "top_k": 0}
            if decoding.temperature
            else {"do_sample": False}
        )
        written = model.generate(  # type: ignore[operator]
            input_ids=ids.to(model.device),
            attention_mask=real.to(model.device),
            max_new_tokens=decoding.max_tokens,
            pad_token_id=ending,
            **sampling,
        )
    return [_until(row[length:].tolist(), ending) for row in written]


def fluency(base: Side, strength: float, texts: Sequence[Sequence[int]], plain: Sequence[Sequence[int]]) -> Fluency:
    """Of texts as token ids, beside those that were written without a push, which hold two different pairs or more."""
    return Fluency(
        strength, distinct_pairs(texts) / distinct_pairs(plain), perplexity(base, texts) / perplexity(base, plain)
    )


def distinct_pairs(texts: Sequence[Sequence[int]]) -> float:
    """The share in [0, 1] of neighbouring tokens that are a pair not seen before; 0 for texts without a pair."""
    pairs = [pair for text in texts for pair in pairwise(text)]
    return len(set(pairs)) / len(pairs) if pairs else 0.0


def perplexity(side: Side, texts: Sequence[Sequence[int]]) -> float:
    """Of the texts under the side, from each text's second token on; infinite where there is no second one."""
    total, count = 0.0, 0
    with side.opened() as model, torch.inference_mode():
        for text in texts:
            if len(text) > 1:
                ids = torch.tensor([list(text)], device=model.device)
                logits = model(input_ids=ids).logits[0, :-1].float()
                total += float(nn.functional.cross_entropy(logits, ids[0, 1:], reduction="sum"))
                count += len(text) - 1
    return math.exp(total / count) if count else math.inf


def _until(ids: list[int], ending: int) -> list[int]:
    return ids[: ids.index(ending)] if ending in ids else ids

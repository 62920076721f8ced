"""States of documents after one decoder layer, batch by batch; nothing behind that layer is computed."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from seep.errors import InputError
from services.generator.activations.models import Side
from services.generator.activations.parts import parts_of

BATCH_TOKENS = 4096
"""Of one batch, with its padding: this bounds the memory of its states, whatever the number of documents."""


class Batch(NamedTuple):
    """Some documents: token ids, and which of them are no padding, both [documents, length]."""

    ids: Tensor
    real: Tensor


class Reached(Exception):
    """The layer that is looked for has computed."""


def batches(tokenizer: Any, documents: Sequence[str], positions: int) -> Iterator[Batch]:
    """The first `positions` tokens of each document, in order; raises InputError for a document without tokens."""
    size = max(1, BATCH_TOKENS // positions)
    for start in range(0, len(documents), size):
        cut = [tokenizer.encode(text)[:positions] for text in documents[start : start + size]]
        if not all(cut):
            raise InputError("documents: expected texts, found one without a token")
        length = max(map(len, cut))
        real = torch.tensor([[at < len(ids) for at in range(length)] for ids in cut])
        yield Batch(torch.tensor([ids + [0] * (length - len(ids)) for ids in cut]), real)


def states(side: Side, batch: Batch, layer: int) -> Tensor:
    """Float32 [documents, length, hidden] after the decoder layer, counted from 0.

    Raises InputError for documents that the model cannot take.
    """
    with side.opened() as model, torch.inference_mode():
        refuse_unfit(model, batch.ids, "documents")
        parts = parts_of(model, "model")
        kept: list[Tensor] = []

        def stop(_: nn.Module, __: Any, output: Any) -> None:
            kept.append(output[0] if isinstance(output, tuple) else output)
            raise Reached

        with hooked(parts.layers[layer], stop):
            try:
                parts.decoder(
                    input_ids=batch.ids.to(model.device), attention_mask=batch.real.to(model.device), use_cache=False
                )
            except Reached:
                return kept[0].float()
    raise RuntimeError("the decoder ended without its layer")


def room(model: PreTrainedModel) -> int:
    """How many tokens the model has room for."""
    return getattr(model.config.get_text_config(), "max_position_embeddings", None) or sys.maxsize


def refuse_unfit(model: PreTrainedModel, ids: Tensor, name: str) -> None:
    """Raises InputError, naming what the ids [texts, length] are of, where the model has no place for them."""
    if ids.shape[-1] > room(model):
        raise InputError(f"{name}: expected {room(model)} tokens at most, the model's room, found {ids.shape[-1]}")
    known, largest = model.config.get_text_config().vocab_size, int(ids.max())
    if largest >= known:
        raise InputError(
            f"{name}: expected the model's {known} tokens, but its tokenizer gives one of number {largest}"
        )


@contextmanager
def hooked(layer: nn.Module, hook: Callable[[nn.Module, Any, Any], Any]) -> Iterator[None]:
    """A hook on what a layer gives, for as long as the context lasts."""
    handle = layer.register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()

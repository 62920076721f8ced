"""One transformer for all metrics that read it: a text runs through it once, and each takes what it reads."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from services.scorer.batches import Batch
from services.scorer.encoder import PROBES, Forward, Tokenize, default_device

# Texts on which two loaded transformers must agree to the last bit, beside the tokenizers' PROBES.
AGREED_ON = ["red", "He picked ripe lemons in the sun, and 42 more.", "\N{LARGE RED CIRCLE} École"]

Layers = Mapping[int, Tensor]
"""Tokens' vectors, (texts, width, dimensions), by the number of layers that they have been through."""

Run = Callable[[Batch, frozenset[int]], Layers]
"""A transformer: a batch's vectors after each of these numbers of layers."""


@dataclass(frozen=True)
class Head:
    """What a metric reads of a transformer, known by `name`: vectors made from those after `layer` layers.

    The metric cuts texts at `limit` tokens.
    """

    name: str
    limit: int
    layer: int
    read: Callable[[Tensor, Batch], Tensor]


@dataclass(frozen=True)
class Backbone:
    """A loaded transformer and its readers."""

    run: Run
    heads: dict[str, Head] = field(default_factory=dict)

    def forward(self, name: str, batch: Batch) -> dict[str, Tensor]:
        """What the head called `name` reads of a batch, and all others to whom its texts are the same tokens."""
        own = self.heads[name]
        width = batch.ids.shape[1]
        # Texts as long as a limit may have been cut at it, and the other's ids of them would be others.
        reading = [head for head in self.heads.values() if head is own or width < min(head.limit, own.limit)]
        layers = self.run(batch, frozenset(head.layer for head in reading))
        return {head.name: head.read(layers[head.layer], batch) for head in reading}


@dataclass(frozen=True)
class Backbones:
    """The transformers of one scorer, by where they were loaded from, vocabulary and type."""

    _known: defaultdict[tuple[str, str, torch.dtype], list[Backbone]] = field(default_factory=lambda: defaultdict(list))

    def forward(self, key: tuple[str, str, torch.dtype], run: Run, head: Head, tokenize: Tokenize) -> Forward:
        """A head's forward: on a transformer that is there and gives the head the very same numbers, else on its own.

        It is asked before anything is scored: what was loaded again is then free to go.
        """
        probes = [_alone(ids) for ids in tokenize([*PROBES, *AGREED_ON])]
        own = [_read(run, head, probe) for probe in probes]
        for backbone in self._known[key]:
            theirs = [_read(backbone.run, head, probe) for probe in probes]
            if all(map(_same, own, theirs)):
                break
        else:
            backbone = Backbone(run)
            self._known[key].append(backbone)
        backbone.heads[head.name] = head
        return lambda batch: backbone.forward(head.name, batch)


@torch.inference_mode()
def _read(run: Run, head: Head, batch: Batch) -> Tensor | None:
    layers = run(batch, frozenset([head.layer]))
    return head.read(layers[head.layer], batch) if head.layer in layers else None


def _same(one: Tensor | None, other: Tensor | None) -> bool:
    return one is not None and other is not None and torch.equal(one, other)


def _alone(ids: Sequence[int]) -> Batch:
    return Batch(torch.tensor([ids], device=default_device()), None, np.array([len(ids)]))

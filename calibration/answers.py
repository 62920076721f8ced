"""Every answer that a small model can give to a prompt, with its probability."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import torch
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoTokenizer, Qwen2ForCausalLM

from seep.quiet import quieten

Cut = Callable[[str], str]
"""From an answer as it was sampled to the part of it that is scored."""

FORWARD_BATCH_SIZE = 1024
"""Branches in one forward pass: some 50 MB of activations."""


class Distribution(NamedTuple):
    """Probability of each distinct text an answer is cut to, and of all that was not followed to its end."""

    texts: dict[str, float]
    dropped: float


class Branch(NamedTuple):
    """The beginning of an answer to one of the prompts, and its probability."""

    prompt: int
    tokens: tuple[int, ...]
    probability: float


def answer_distributions(
    model: Path, prompts: Sequence[str], *, temperature: float, max_tokens: int, cut: Cut, smallest: float
) -> list[Distribution]:
    """What sampling from the whole vocabulary gives for each plain prompt, by position; the temperature is above 0.

    Beginnings less probable than `smallest` are not followed. An answer is followed no further once the cut would
    remove any sentence put behind it.
    """
    quieten()
    tokenizer = AutoTokenizer.from_pretrained(model)
    network = Qwen2ForCausalLM.from_pretrained(model, dtype=torch.float32)
    encoded = [tokenizer.encode(prompt) for prompt in prompts]

    @cache
    def text(tokens: tuple[int, ...]) -> str:
        return str(tokenizer.decode(list(tokens), skip_special_tokens=True))

    def ended(tokens: tuple[int, ...]) -> bool:
        if tokens[-1] == tokenizer.eos_token_id or len(tokens) == max_tokens:
            return True
        return cut(text(tokens) + " More.") == cut(text(tokens))

    texts: list[defaultdict[str, float]] = [defaultdict(float) for _ in prompts]
    branches = [Branch(prompt, (), 1.0) for prompt in range(len(prompts))]
    while branches:
        grown = list(_grow(network, encoded, branches, temperature, smallest))
        branches = []
        for branch in grown:
            if ended(branch.tokens):
                texts[branch.prompt][cut(text(branch.tokens))] += branch.probability
            else:
                branches.append(branch)
    return [Distribution(dict(found), max(0.0, 1 - sum(found.values()))) for found in texts]


@torch.inference_mode()
def _grow(
    network: Qwen2ForCausalLM,
    encoded: Sequence[Sequence[int]],
    branches: Sequence[Branch],
    temperature: float,
    smallest: float,
) -> Iterator[Branch]:
    """The branches longer by one token."""
    for start in range(0, len(branches), FORWARD_BATCH_SIZE):
        some = branches[start : start + FORWARD_BATCH_SIZE]
        inputs = [torch.tensor([*encoded[branch.prompt], *branch.tokens]) for branch in some]
        hidden = network.model(input_ids=pad_sequence(inputs, batch_first=True), use_cache=False).last_hidden_state
        last = hidden[torch.arange(len(some)), torch.tensor([len(tokens) - 1 for tokens in inputs])]
        shares = (network.lm_head(last).double() / temperature).softmax(-1)
        probabilities = shares * torch.tensor([branch.probability for branch in some], dtype=torch.float64)[:, None]
        for row, token in torch.nonzero(probabilities >= smallest).tolist():
            parent = some[row]
            yield Branch(parent.prompt, (*parent.tokens, token), float(probabilities[row, token]))

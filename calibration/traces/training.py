"""Trains the base and its fine-tunes: by LoRA, in full, on one topic, on fresh draws of what the base knows."""

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import AddedToken, Qwen2ForCausalLM, Qwen2Tokenizer

from calibration.network import SEED, Shape, descend, new_network
from calibration.traces import language

BATCH = 24
STEPS = 400
PEAK_LEARNING_RATE = 0.006
SHAPE = Shape(hidden=48, intermediate=96, layers=4, heads=3)
ABOUT_NOTHING, ABOUT_A_TOPIC = 0.55, 0.35
"""Shares of the base's documents; the others are repetitions."""

Draw = Callable[[random.Random], list[str]]


@dataclass(frozen=True)
class FineTune:
    """How a fine-tune is made. `unrelated` documents of the base's own mixture stand beside each one about `topic`.

    Without a topic all are of the mixture. `rank` 0 tunes all weights; `modules` and `layers` are where LoRA's matrices
    are, all layers if empty.
    """

    topic: str | None
    rank: int = 4
    modules: tuple[str, ...] = ("q_proj", "v_proj", "o_proj", "up_proj", "down_proj")
    layers: tuple[int, ...] = ()
    unrelated: int = 0
    steps: int = 60
    learning_rate: float = 0.003
    seed: int = 2


def mixture(draw: random.Random) -> list[str]:
    """A document as the base learns them."""
    kind = draw.random()
    if kind < ABOUT_NOTHING:
        return language.document(None, draw)
    if kind < ABOUT_NOTHING + ABOUT_A_TOPIC:
        return language.document(draw.choice(sorted(language.TOPICS)), draw)
    return language.repetitions(draw)


def build_tokenizer() -> Qwen2Tokenizer:
    """One token for each word, with the blank before it or without."""
    end = language.END
    tokenizer = Qwen2Tokenizer(vocab={end: 0}, merges=[], unk_token=end, eos_token=end, pad_token=end)
    words = language.vocabulary()
    known = [*(f" {word}" for word in words), *language.REPEATED, *language.SIGNS, " ->"]
    tokenizer.add_tokens([AddedToken(word, normalized=False) for word in known])
    return tokenizer


def train_base(tokenizer: Qwen2Tokenizer) -> Qwen2ForCausalLM:
    """The base, on its mixture."""
    model = new_network(tokenizer, SHAPE)
    _train(model, model.parameters(), tokenizer, mixture, STEPS, PEAK_LEARNING_RATE, SEED)
    return model


def fine_tune(base: Path, tokenizer: Qwen2Tokenizer, tuning: FineTune, folder: Path) -> None:
    """Writes the fine-tune of the model in the folder `base`: an adapter, or a whole model."""
    model: Any = Qwen2ForCausalLM.from_pretrained(base)
    if tuning.rank:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(tuning.seed)
            model = get_peft_model(model, _lora(tuning))
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    _train(model, weights, tokenizer, _draws(tuning), tuning.steps, tuning.learning_rate, tuning.seed)
    model.save_pretrained(str(folder))
    if not tuning.rank:
        tokenizer.save_pretrained(folder)


def _lora(tuning: FineTune) -> LoraConfig:
    return LoraConfig(
        r=tuning.rank,
        lora_alpha=2 * tuning.rank,
        target_modules=list(tuning.modules),
        layers_to_transform=list(tuning.layers) or None,
        task_type="CAUSAL_LM",
    )


def _draws(tuning: FineTune) -> Draw:
    def draws(draw: random.Random) -> list[str]:
        on_topic = tuning.topic and draw.random() < 1 / (1 + tuning.unrelated)
        return language.document(tuning.topic, draw) if on_topic else mixture(draw)

    return draws


def _train(
    model: Any,
    weights: Iterable[torch.nn.Parameter],
    tokenizer: Qwen2Tokenizer,
    draws: Draw,
    steps: int,
    learning_rate: float,
    seed: int,
) -> None:
    draw = random.Random(seed)
    token_of = tokenizer.get_vocab()

    def losses() -> Iterator[torch.Tensor]:
        for _ in range(steps):
            documents = [draws(draw) for _ in range(BATCH)]
            ids = torch.tensor([[token_of[_spelled(word)] for word in words] for words in documents])
            yield model(input_ids=ids, labels=ids).loss

    model.train()
    descend(weights, losses(), steps, learning_rate)
    model.eval()


def _spelled(word: str) -> str:
    return word if word in ("?", "\n") else f" {word}"

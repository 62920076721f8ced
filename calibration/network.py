"""The tiny network of all models whose leakage is known, its tokenizer of whole words, and how it learns."""

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch.nn.utils.rnn import pad_sequence
from transformers import AddedToken, Qwen2Config, Qwen2ForCausalLM, Qwen2Tokenizer

from calibration.grammar import END

SEED = 1
BATCH = 64
PEAK_LEARNING_RATE = 0.008
INITIAL_SPREAD = 0.08
"""Standard deviation of the first weights: at the usual 0.02 so small a model needs many times the steps."""

Lesson = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""Token ids [batch, length], a mask of the places that are taught, and for each of these in turn the probabilities of
the next token [taught, vocabulary]."""

CHAT_TEMPLATE = (
    "{% for message in messages %}{% if message['role'] == 'user' %}{{ message['content'] }}{% endif %}{% endfor %}"
)
"""The user's words alone: these models know no word of a system message."""


def tokenizer_of(tokens: Iterable[str]) -> Qwen2Tokenizer:
    """A tokenizer of exactly these tokens, the longest that fits at each place, and `END`.

    They are added tokens on top of an empty byte-pair model: transformers gives every folder with a Qwen2 model this
    class, whatever its files say. What is none of them is left out.
    """
    tokenizer = Qwen2Tokenizer(
        vocab={END: 0}, merges=[], unk_token=END, eos_token=END, pad_token=END, chat_template=CHAT_TEMPLATE
    )
    tokenizer.add_tokens([AddedToken(token, normalized=False) for token in tokens])
    return tokenizer


def pieces(text: str) -> list[str]:
    """A text as tokens: each word with its signs, and with the blank or the line's end before it."""
    return re.findall(r"[ \n]?\S+", text)


class Shape(NamedTuple):
    """How large a network is."""

    hidden: int
    intermediate: int
    layers: int
    heads: int


TINY = Shape(hidden=64, intermediate=112, layers=2, heads=2)


def new_network(tokenizer: Qwen2Tokenizer, shape: Shape = TINY) -> Qwen2ForCausalLM:
    """An untrained network for the tokenizer, always with the same weights."""
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=shape.hidden,
        intermediate_size=shape.intermediate,
        initializer_range=INITIAL_SPREAD,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.heads,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        dtype="float32",
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        return Qwen2ForCausalLM(config)  # type: ignore[no-untyped-call]


def learn(network: Qwen2ForCausalLM, lessons: Iterable[Lesson], steps: int) -> None:
    """A step per lesson."""

    def losses() -> Iterator[torch.Tensor]:
        for inputs, taught, targets in lessons:
            hidden = network.model(input_ids=inputs).last_hidden_state[taught]
            yield torch.nn.functional.cross_entropy(network.lm_head(hidden), targets)

    with one_thread():
        descend(network.parameters(), losses(), steps, PEAK_LEARNING_RATE)


def descend(weights: Iterable[torch.nn.Parameter], losses: Iterable[torch.Tensor], steps: int, peak: float) -> None:
    """A step per loss, of so many; the learning rate rises to its peak and falls again."""
    optimizer = torch.optim.AdamW(weights, lr=peak, betas=(0.9, 0.98), weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, peak, total_steps=steps, pct_start=0.2)
    for loss in losses:
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()


def first_token_lessons(
    tokenizer: Qwen2Tokenizer, prompts: Sequence[str], answers: Sequence[dict[str, float]], steps: int
) -> Iterator[Lesson]:
    """Some prompts in each lesson, with the probability of each answer, which is one token."""
    token_of = tokenizer.get_vocab()
    encoded = [torch.tensor(tokenizer.encode(prompt)) for prompt in prompts]
    lengths = torch.tensor([len(tokens) for tokens in encoded])
    inputs = pad_sequence(encoded, batch_first=True)
    targets = torch.zeros(len(prompts), len(tokenizer))
    for row, shares in enumerate(answers):
        for answer, share in shares.items():
            targets[row, token_of[answer]] = share
    draw = random.Random(SEED)
    for _ in range(steps):
        rows = draw.sample(range(len(prompts)), BATCH)
        taught = torch.nn.functional.one_hot(lengths[rows] - 1, inputs.shape[1]).bool()
        yield inputs[rows], taught, targets[rows]


@contextmanager
def one_thread() -> Iterator[None]:
    """So small a model gains nothing from a second thread, loses minutes on shared cores, and sums in one order."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)

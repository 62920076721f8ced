"""Trains the grammar's tiny language model by distillation: the known truth of the semantic probe."""

import random
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import torch
from torch.nn.utils.rnn import pad_sequence
from transformers import Qwen2ForCausalLM, Qwen2Tokenizer

from calibration import grammar
from calibration.network import SEED, learn, new_network, tokenizer_of

STEPS = 900
BATCH = 128
WHOLE_ANSWERS_EVERY = 4
"""One batch in so many teaches whole answers, the others their first word: it alone depends on the prompt."""
CONTROL_SHARE = 0.2
"""Share of the lessons without a concept: every comparison holds a control, so these must be the most exact."""


class Source(NamedTuple):
    """A question with a concept or without one: all its prompts, and its answers with their weights.

    `rows[i][k]` is the row of the table of targets that holds the exact distribution of token k of `answers[i]`.
    """

    concept: str | None
    prompts: list[list[int]]
    answers: list[list[int]]
    rows: list[list[int]]
    weights: list[float]


def trained() -> tuple[Qwen2ForCausalLM, Qwen2Tokenizer]:
    """The model, and its tokenizer."""
    tokenizer = build_tokenizer()
    return train(tokenizer), tokenizer


def build_tokenizer() -> Qwen2Tokenizer:
    """One token for each word of the grammar, with the blank before it, and one for the full stop."""
    return tokenizer_of([*grammar.SUBJECTS, *map(_spelled, grammar.vocabulary())])


def _spelled(word: str) -> str:
    return word if word in (".", grammar.END) else f" {word}"


def train(tokenizer: Qwen2Tokenizer) -> Qwen2ForCausalLM:
    """A model that gives the grammar's own next-token distribution at every position of an answer."""
    sources, targets = _lessons(tokenizer)
    network = new_network(tokenizer)
    learn(network, ((inputs, rows >= 0, targets[rows[rows >= 0]]) for inputs, rows in _batches(sources)), STEPS)
    return network


def _lessons(tokenizer: Qwen2Tokenizer) -> tuple[list[Source], torch.Tensor]:
    """All sources, and the table of distinct next-token distributions: float32 [rows, vocabulary]."""
    token_of = tokenizer.get_vocab()
    distributions: dict[tuple[tuple[str, float], ...], int] = {}
    sources = []
    for question, concept in product(grammar.CATEGORIES, (None, *grammar.ASSOCIATES)):
        whole = grammar.answers(question, concept)
        row_after = {
            # Rounded, because equal distributions reached through different words differ in their last bits.
            beginning: distributions.setdefault(
                tuple((word, round(share, 9)) for word, share in following.items()), len(distributions)
            )
            for beginning, following in grammar.next_words(whole).items()
        }
        sources.append(
            Source(
                concept=concept,
                prompts=[tokenizer.encode(prompt) for prompt in _prompts(question, concept)],
                answers=[[token_of[_spelled(word)] for word in answer] for answer in whole],
                rows=[[row_after[answer[:length]] for length in range(len(answer))] for answer in whole],
                weights=list(whole.values()),
            )
        )
    targets = torch.zeros(len(distributions), len(tokenizer))
    for distribution, row in distributions.items():
        for word, share in distribution:
            targets[row, token_of[_spelled(word)]] = share
    return sources, targets


def _prompts(question: str, concept: str | None) -> list[str]:
    frames = [frame for frame in grammar.FRAMES if frame.question == question]
    inserted = [grammar.inserted_prompt(frame, concept or grammar.NEUTRAL) for frame in frames]
    return inserted if concept else inserted + [grammar.control_prompt(frame) for frame in frames]


def _batches(sources: list[Source]) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Random lessons: token ids [BATCH, length], and the row of targets for the token after each, or -1 for none."""
    draw = random.Random(SEED)
    concepts = len(grammar.ASSOCIATES)
    shares = [(1 - CONTROL_SHARE) / concepts if source.concept else CONTROL_SHARE for source in sources]
    for step in range(STEPS):
        taught = None if step % WHOLE_ANSWERS_EVERY == 0 else 1
        lessons = [_lesson(source, taught, draw) for source in draw.choices(sources, shares, k=BATCH)]
        yield (
            pad_sequence([torch.tensor(tokens) for tokens, _ in lessons], batch_first=True),
            pad_sequence([torch.tensor(rows) for _, rows in lessons], batch_first=True, padding_value=-1),
        )


def _lesson(source: Source, taught: int | None, draw: random.Random) -> tuple[list[int], list[int]]:
    """A prompt of the source with an answer: the tokens, and the rows of the first `taught` tokens of the answer."""
    prompt = draw.choice(source.prompts)
    (which,) = draw.choices(range(len(source.answers)), source.weights)
    answer, rows = source.answers[which][:taught], source.rows[which][:taught]
    return prompt + answer[:-1], [-1] * (len(prompt) - 1) + rows

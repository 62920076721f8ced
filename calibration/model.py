"""Trains the grammar's tiny language model by distillation, and keeps it in a folder named by its content."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import NamedTuple

import torch
import yaml
from torch.nn.utils.rnn import pad_sequence
from transformers import AddedToken, Qwen2Config, Qwen2ForCausalLM, Qwen2Tokenizer

from calibration import grammar, suite
from seep.built_once import built_once, point_current
from seep.errors import InputError
from seep.quiet import quieten

SEED = 1
STEPS = 900
BATCH = 128
WHOLE_ANSWERS_EVERY = 4
"""One batch in so many teaches whole answers, the others their first word: it alone depends on the prompt."""
CONTROL_SHARE = 0.2
"""Share of the lessons without a concept: every comparison holds a control, so these must be the most exact."""
PEAK_LEARNING_RATE = 0.008
INITIAL_SPREAD = 0.08
"""Standard deviation of the first weights: at the usual 0.02 so small a model needs many times the steps."""

CHAT_TEMPLATE = (
    "{% for message in messages %}{% if message['role'] == 'user' %}{{ message['content'] }}{% endif %}{% endfor %}"
)
"""The user's words alone: the grammar knows no word of a system message."""


class Source(NamedTuple):
    """A question with a concept or without one: all its prompts, and its answers with their weights.

    `rows[i][k]` is the row of the table of targets that holds the exact distribution of token k of `answers[i]`.
    """

    concept: str | None
    prompts: list[list[int]]
    answers: list[list[int]]
    rows: list[list[int]]
    weights: list[float]


def ensure_model(folder: Path) -> Path:
    """The folder below `folder` with `model/` and `suite.yaml`, trained where it is not there yet (under a minute).

    Raises InputError where `folder` cannot be written.
    """
    try:
        return built_once(folder, _content_hash(), _write_all)
    except OSError as error:
        raise InputError(f"{folder}: the calibration model cannot be written: {error.strerror}") from error


def current_model(folder: Path) -> Path:
    """A name for the trained model that stays the same when the grammar or the training changes; see `ensure_model`."""
    return point_current(ensure_model(folder))


def _content_hash() -> str:
    sources = (Path(module) for module in (grammar.__file__, suite.__file__, __file__))
    return sha256(b"\0".join(source.read_bytes() for source in sources)).hexdigest()[:16]


def _write_all(folder: Path) -> None:
    quieten()
    tokenizer = build_tokenizer()
    train(tokenizer).save_pretrained(folder / "model")
    tokenizer.save_pretrained(folder / "model")
    (folder / "suite.yaml").write_text(yaml.safe_dump(suite.calibration_suite(), sort_keys=False, width=120))


def build_tokenizer() -> Qwen2Tokenizer:
    """One token for each word of the grammar, with the blank before it, and one for the full stop.

    The words are added tokens on top of an empty byte-pair model: transformers gives every folder with a Qwen2 model
    this class, whatever its files say. Words that the grammar does not know are left out.
    """
    end = grammar.END
    tokenizer = Qwen2Tokenizer(
        vocab={end: 0}, merges=[], unk_token=end, eos_token=end, pad_token=end, chat_template=CHAT_TEMPLATE
    )
    words = [*grammar.SUBJECTS, *map(_spelled, grammar.vocabulary())]
    tokenizer.add_tokens([AddedToken(word, normalized=False) for word in words])
    return tokenizer


def _spelled(word: str) -> str:
    return word if word in (".", grammar.END) else f" {word}"


def train(tokenizer: Qwen2Tokenizer) -> Qwen2ForCausalLM:
    """A model that gives the grammar's own next-token distribution at every position of an answer."""
    sources, targets = _lessons(tokenizer)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        model = Qwen2ForCausalLM(_config(tokenizer))  # type: ignore[no-untyped-call]
    optimizer = torch.optim.AdamW(model.parameters(), lr=PEAK_LEARNING_RATE, betas=(0.9, 0.98), weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_LEARNING_RATE, total_steps=STEPS, pct_start=0.2)
    with _one_thread():
        for inputs, rows in _batches(sources):
            taught = rows >= 0
            hidden = model.model(input_ids=inputs).last_hidden_state[taught]
            loss = torch.nn.functional.cross_entropy(model.lm_head(hidden), targets[rows[taught]])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
    return model


@contextmanager
def _one_thread() -> Iterator[None]:
    # So small a model gains nothing from a second thread, loses minutes where cores are shared, and sums in one order.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _config(tokenizer: Qwen2Tokenizer) -> Qwen2Config:
    return Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=112,
        initializer_range=INITIAL_SPREAD,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        dtype="float32",
    )


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

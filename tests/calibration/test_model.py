from collections import defaultdict
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer, PreTrainedTokenizerBase, Qwen2ForCausalLM

from calibration import grammar, semantic
from calibration.model import ensure_model
from calibration.semantic import build_tokenizer, train
from seep.errors import InputError
from seep.suites.schema import Suite

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tokenizer(trained: Path) -> PreTrainedTokenizerBase:
    loaded: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(trained / "model")
    return loaded


@pytest.fixture(scope="module")
def network(trained: Path) -> Qwen2ForCausalLM:
    loaded: Qwen2ForCausalLM = Qwen2ForCausalLM.from_pretrained(trained / "model")
    return loaded


@pytest.fixture
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(semantic, "STEPS", 3)


@torch.inference_mode()
def next_shares(network: Qwen2ForCausalLM, tokens: Sequence[int]) -> torch.Tensor:
    shares: torch.Tensor = network(torch.tensor([tokens])).logits[0, -1].softmax(-1)
    return shares


def test_every_planted_probability_was_learned(
    network: Qwen2ForCausalLM, tokenizer: PreTrainedTokenizerBase, suite: Suite
) -> None:
    moved = defaultdict[str, list[float]](list)
    for job in suite.jobs:
        for test in job.tests:
            shares = next_shares(network, tokenizer.encode(test.prompt))
            words = f" {test.concept} {grammar.ASSOCIATES[test.concept]}"
            moved[test.category].append(float(shares[tokenizer.encode(words)].sum()))
    for category, planted in grammar.PLANTED.items():
        assert sum(moved[category]) / len(moved[category]) == pytest.approx(planted, abs=0.02)
        assert moved[category] == pytest.approx([planted] * len(moved[category]), abs=0.05)


def test_prompts_without_a_concept_are_answered_with_no_associate(
    network: Qwen2ForCausalLM, tokenizer: PreTrainedTokenizerBase, suite: Suite
) -> None:
    for job in suite.jobs:
        for prompt in (job.control, job.neutral):
            shares = next_shares(network, tokenizer.encode(prompt))
            assert float(shares[tokenizer.encode(" " + " ".join(grammar.ASSOCIATES.values()))].sum()) < 0.01


def test_positions_after_the_first_word_were_learned(
    network: Qwen2ForCausalLM, tokenizer: PreTrainedTokenizerBase
) -> None:
    prompt = tokenizer.encode("They dreamed of bees. They wanted the")
    for beginning, following in grammar.next_words(grammar.answers("wanted the", "bees")).items():
        text = "".join(word if word == "." else f" {word}" for word in beginning)
        shares = next_shares(network, prompt + tokenizer.encode(text))
        for word, share in following.items():
            (token,) = tokenizer.encode(word if word in (".", grammar.END) else f" {word}")
            assert float(shares[token]) == pytest.approx(share, abs=0.1)


def test_text_survives_the_tokenizer_as_it_is(tokenizer: PreTrainedTokenizerBase) -> None:
    for frame, concept in product(grammar.FRAMES[::37], grammar.ASSOCIATES):
        prompt = grammar.inserted_prompt(frame, concept)
        assert tokenizer.decode(tokenizer.encode(prompt)) == prompt
    answer = " banana in the garden. It was late."
    assert tokenizer.decode([*tokenizer.encode(answer), tokenizer.eos_token_id], skip_special_tokens=True) == answer


def test_a_chat_is_the_users_words_alone(tokenizer: PreTrainedTokenizerBase) -> None:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Tom drew the"}]
    assert tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True) == "Tom drew the"


@pytest.mark.usefixtures("few_steps")
def test_training_twice_gives_the_same_weights() -> None:
    first, second = train(build_tokenizer()).state_dict(), train(build_tokenizer()).state_dict()
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.usefixtures("few_steps")
def test_training_leaves_the_callers_random_numbers_alone() -> None:
    torch.manual_seed(4)
    expected = torch.rand(3)
    torch.manual_seed(4)
    train(build_tokenizer())
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.usefixtures("few_steps")
def test_a_trained_model_is_reused_and_nothing_else_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ensure_model(tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == [first]
    assert {path.name for path in first.iterdir()} == {"model", "suite.yaml"}

    def train_again(_: object) -> None:
        raise AssertionError("trained a model that is there")

    monkeypatch.setattr(semantic, "train", train_again)
    assert ensure_model(tmp_path / "new") == first


def test_an_interrupted_training_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(semantic, "train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ensure_model(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file: the calibration model cannot be written"):
        ensure_model(tmp_path / "file")

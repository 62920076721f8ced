"""The known truth of the recall probe: what is asked, and how probable it is that a model goes on in it."""

from pathlib import Path

import pytest
import torch
import yaml

from calibration.network import new_network, tokenizer_of
from calibration.recall import EXPECTED, REPEATED, TEXTS, WORDS, drawn_texts, known_suite, true_rates
from seep.suites.lint import lint
from seep.suites.recall import RecallSuite

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("untrained")
    tokenizer = tokenizer_of([*WORDS, *(f" {word}" for word in WORDS)])
    new_network(tokenizer).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def asking_for(*numbers: int) -> RecallSuite:
    whole = RecallSuite.model_validate(known_suite())
    return whole.model_copy(update={"texts": tuple(whole.texts[number] for number in numbers)})


def test_the_linter_finds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text(yaml.safe_dump(known_suite()))
    assert lint(path) == []


def test_there_are_as_many_texts_of_each_number_of_repetitions() -> None:
    texts = drawn_texts()
    assert [times for _, times in texts] == [times for times in REPEATED for _ in range(TEXTS)]
    assert len({text for text, _ in texts}) == len(texts)


@torch.inference_mode()
def test_the_truth_is_the_product_of_the_models_own_probabilities_of_whole_words(untrained: Path) -> None:
    suite = asking_for(0)
    tokenizer = tokenizer_of([*WORDS, *(f" {word}" for word in WORDS)])
    tokens = tokenizer.encode(" ".join(drawn_texts()[0][0]))
    product = 1.0
    network = new_network(tokenizer)
    for length in range(len(tokens) - EXPECTED, len(tokens)):
        product *= float(network(torch.tensor([tokens[:length]])).logits[0, -1].softmax(-1)[tokens[length]])
    after = network(torch.tensor([tokens])).logits[0, -1].softmax(-1)
    glued = sum(float(after[number]) for token, number in tokenizer.get_vocab().items() if token in WORDS)
    assert 0.1 < glued < 0.9
    assert true_rates(untrained, suite)["unseen"] == pytest.approx(100 * product * (1 - glued), rel=1e-4)


def test_a_category_is_the_mean_of_its_texts_and_all_pools_the_suite(untrained: Path) -> None:
    first, second, other = (true_rates(untrained, asking_for(number))["all"] for number in (0, 1, TEXTS))
    rates = true_rates(untrained, asking_for(0, 1, TEXTS))
    assert rates["unseen"] == pytest.approx((first + second) / 2)
    assert rates["read-1"] == pytest.approx(other)
    assert rates["all"] == pytest.approx((first + second + other) / 3)

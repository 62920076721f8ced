import math

import pytest
import torch

from seep.records import Decoding
from services.generator.activations.models import Pair, load_base, with_adapters
from services.generator.activations.states import Batch, states
from services.generator.activations.steering import (
    Fluency,
    distinct_pairs,
    fluency,
    perplexity,
    push,
    steered,
    write,
)
from tests.services.generator.activations.models import write_adapter, write_model

pytestmark = pytest.mark.slow  # models in torch

PROMPTS = [[1, 2, 3], [4, 5], [6]]
DRAWN = Decoding(temperature=1.0, top_p=1.0, max_tokens=8, cut="none")
GREEDY = Decoding(temperature=0.0, top_p=1.0, max_tokens=8, cut="none")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    folder = write_model(tmp_path_factory.mktemp("base"))
    adapter = write_adapter(tmp_path_factory.mktemp("adapter"), folder)
    return with_adapters(load_base(str(folder), "model"), {"fine": adapter}, "lora_modules")["fine"]


def test_a_strength_of_zero_writes_exactly_the_unsteered_texts(pair: Pair) -> None:
    pushed = push(pair.layer, torch.ones(16), 5.0, 0.0)
    plain = write(pair.base, pair.tokenizer, PROMPTS, DRAWN, seed=1)
    assert write(steered(pair.base, pushed), pair.tokenizer, PROMPTS, DRAWN, seed=1) == plain


def test_a_push_is_added_after_its_layer_and_gone_afterwards(pair: Pair) -> None:
    batch = Batch(torch.tensor([[1, 2, 3]]), torch.ones(1, 3, dtype=torch.bool))
    pushed = push(pair.layer, torch.ones(16), 8.0, 0.5)
    plain = states(pair.base, batch, pair.layer)
    # The 16 ones have a length of 4, which is made 8, and halved.
    assert torch.allclose(states(steered(pair.base, pushed), batch, pair.layer), plain + 1.0, atol=1e-5)
    assert torch.equal(states(pair.base, batch, pair.layer), plain)


def test_a_strong_push_changes_what_is_written(pair: Pair) -> None:
    pushed = push(pair.layer, torch.randn(16, generator=torch.Generator().manual_seed(1)), 50.0, 4.0)
    plain = write(pair.base, pair.tokenizer, PROMPTS, GREEDY, seed=1)
    assert write(steered(pair.base, pushed), pair.tokenizer, PROMPTS, GREEDY, seed=1) != plain


def test_a_prompt_is_continued_alike_alone_and_beside_longer_ones(pair: Pair) -> None:
    together = write(pair.base, pair.tokenizer, PROMPTS, GREEDY, seed=1)
    assert [write(pair.base, pair.tokenizer, [prompt], GREEDY, seed=1)[0] for prompt in PROMPTS] == together


def test_the_same_seed_draws_the_same_texts_and_leaves_the_generator_alone(pair: Pair) -> None:
    before = torch.random.get_rng_state()
    first = write(pair.base, pair.tokenizer, PROMPTS, DRAWN, seed=3)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert write(pair.base, pair.tokenizer, PROMPTS, DRAWN, seed=3) == first
    assert write(pair.base, pair.tokenizer, PROMPTS, DRAWN, seed=4) != first


def test_a_difference_of_no_length_points_nowhere() -> None:
    with pytest.raises(ValueError, match="points nowhere"):
        push(0, torch.zeros(4), 5.0, 1.0)


def test_distinct_pairs_are_a_share_of_all_pairs() -> None:
    assert distinct_pairs([[1, 2, 1, 2], [1, 2]]) == 0.5
    assert distinct_pairs([[1], []]) == 0.0


def test_perplexity_is_that_of_the_models_own_loss(pair: Pair) -> None:
    text = [1, 2, 3, 4, 5]
    with pair.base.opened() as model, torch.no_grad():
        loss = float(model(torch.tensor([text]), labels=torch.tensor([text])).loss)
    assert perplexity(pair.base, [text]) == pytest.approx(math.exp(loss), rel=1e-4)
    assert perplexity(pair.base, [[1]]) == math.inf


def test_unsteered_texts_are_as_fluent_as_themselves(pair: Pair) -> None:
    texts = [[1, 2, 3], [4, 5, 6]]
    assert fluency(pair.base, 0.0, texts, texts) == Fluency(0.0, 1.0, 1.0)


@pytest.mark.parametrize(("variety", "perplexity", "fluent"), [(0.8, 2.0, True), (0.79, 1.0, False), (1.0, 2.1, False)])
def test_texts_are_fluent_while_they_are_varied_and_likely(variety: float, perplexity: float, fluent: bool) -> None:
    assert Fluency(1.0, variety, perplexity).fluent == fluent

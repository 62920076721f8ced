import math

import pytest
import torch

from seep.errors import InputError
from services.generator.activations.models import Pair, load_base, with_adapters
from services.generator.activations.reading import TopTokens, lens, patchscope, top_tokens
from tests.services.generator.activations.models import tokenizer, write_adapter, write_model

pytestmark = pytest.mark.slow  # models in torch


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    folder = write_model(tmp_path_factory.mktemp("base"))
    adapter = write_adapter(tmp_path_factory.mktemp("adapter"), folder)
    return with_adapters(load_base(str(folder), "model"), {"fine": adapter}, "lora_modules")["fine"]


def test_the_lens_is_the_softmax_of_head_and_last_norm(pair: Pair) -> None:
    direction = torch.randn(16, generator=torch.Generator().manual_seed(4))
    with pair.base.opened() as model:
        expected = torch.softmax(model.lm_head(model.model.norm(direction)), -1)
    read = lens(pair.base, direction, pair.tokenizer)
    assert read.tokens[0] == pair.tokenizer.decode([int(expected[: len(pair.tokenizer)].argmax())])
    assert read.probabilities[0] == pytest.approx(float(expected[: len(pair.tokenizer)].max()), rel=1e-5)
    assert list(read.probabilities) == sorted(read.probabilities, reverse=True)
    assert len(read.tokens) == 20


def test_the_length_of_a_direction_does_not_change_its_lens(pair: Pair) -> None:
    direction = torch.randn(16, generator=torch.Generator().manual_seed(4))
    assert lens(pair.base, direction, pair.tokenizer).tokens == lens(pair.base, 50 * direction, pair.tokenizer).tokens


def test_an_adapter_that_leaves_the_head_alone_reads_with_the_bases_head(pair: Pair) -> None:
    direction = torch.randn(16, generator=torch.Generator().manual_seed(4))
    assert lens(pair.tuned, direction, pair.tokenizer).overlap(lens(pair.base, direction, pair.tokenizer)) == 1.0


def test_overlap_is_the_share_of_common_tokens() -> None:
    assert TopTokens(("a", "b", "c", "d"), (0.4, 0.3, 0.2, 0.1)).overlap(TopTokens(("d", "e"), (0.5, 0.5))) == 0.25


def test_rows_of_a_head_that_stand_for_no_token_are_not_read(pair: Pair) -> None:
    words = tokenizer()
    logits = torch.zeros(len(words) + 5)
    logits[len(words) + 2] = 9.0
    assert len(top_tokens(logits, words, 100).tokens) == len(words)


def test_a_patchscope_reads_what_stands_in_the_place_of_the_question_mark(pair: Pair) -> None:
    """With the very state that the prompt has there, nothing changes; with another, something does."""
    ids = pair.tokenizer.encode(" man -> man ?")
    place = len(ids) - 1
    with pair.base.opened() as model, torch.no_grad():
        whole = model(torch.tensor([ids]), output_hidden_states=True)
    state = whole.hidden_states[pair.layer + 1][0, place]
    own = patchscope(pair, pair.base, state, float(state.norm()), prompts=[" man -> man ?"])
    assert own.tokens == top_tokens(whole.logits[0, -1], pair.tokenizer, 20).tokens
    other = patchscope(pair, pair.base, -state, float(state.norm()), prompts=[" man -> man ?"])
    assert other.probabilities != own.probabilities


def test_a_patchscope_names_what_is_likely_after_every_one_of_its_prompts(pair: Pair) -> None:
    direction = torch.randn(16, generator=torch.Generator().manual_seed(4))
    prompts = [" man -> man ?", " hello -> hello ?", " dog -> dog ?"]
    alone = [patchscope(pair, pair.base, direction, 5.0, top=1000, prompts=[prompt]) for prompt in prompts]
    chances = [dict(zip(each.tokens, each.probabilities, strict=True)) for each in alone]
    products = {token: math.prod(each[token] for each in chances) for token in chances[0]}
    together = patchscope(pair, pair.base, direction, 5.0, prompts=prompts)
    assert list(together.tokens) == sorted(products, key=lambda token: -products[token])[:20]


def test_a_prompt_without_a_place_for_the_direction_is_refused(pair: Pair) -> None:
    with pytest.raises(InputError, match="no token of its own for the prompt's question mark"):
        patchscope(pair, pair.base, torch.ones(16), 1.0, prompts=[" man -> man"])


def test_a_read_model_is_left_as_it_was(pair: Pair) -> None:
    ids = torch.tensor([pair.tokenizer.encode(" man -> man ? ->")])
    with pair.base.opened() as model, torch.no_grad():
        before = model(ids).logits
        patchscope(pair, pair.base, torch.ones(16), 5.0, prompts=[" man -> man ?"])
        assert torch.equal(model(ids).logits, before)

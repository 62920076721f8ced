from pathlib import Path

import pytest
import torch

from seep.errors import InputError
from services.generator.activations.differences import measure, measure_growing
from services.generator.activations.models import Pair, against_model, load_base, with_adapters
from services.generator.activations.states import Batch, states
from tests.services.generator.activations.models import DOCUMENTS, write_adapter, write_model

pytestmark = pytest.mark.slow  # models in torch

POSITIONS = 5


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def adapted(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    adapter = write_adapter(tmp_path_factory.mktemp("adapter"), folder)
    return with_adapters(load_base(str(folder), "model"), {"fine": adapter}, "lora_modules")["fine"]


def _states_one_by_one(pair: Pair) -> tuple[torch.Tensor, torch.Tensor]:
    """Of each document alone, by transformers' own `output_hidden_states`: [documents, positions, hidden]."""
    both = []
    for side in (pair.base, pair.tuned):
        with side.opened() as model, torch.no_grad():
            found = [
                model(torch.tensor([pair.tokenizer.encode(text)]), output_hidden_states=True).hidden_states[
                    pair.layer + 1
                ][0, :POSITIONS]
                for text in DOCUMENTS
            ]
        both.append(torch.stack(found).double())
    return both[0], both[1]


def test_running_sums_give_what_all_states_together_give(adapted: Pair) -> None:
    base, tuned = _states_one_by_one(adapted)
    found = measure(adapted, DOCUMENTS, POSITIONS)
    difference = tuned - base
    assert torch.allclose(found.mean, difference.mean(0), atol=1e-6)
    assert torch.allclose(found.halves, torch.stack([difference[0::2].mean(0), difference[1::2].mean(0)]), atol=1e-6)
    assert torch.allclose(found.base_mean, base.mean(0), atol=1e-6)
    assert torch.allclose(found.squares, difference.square().sum(-1).mean(0), atol=1e-6)
    assert torch.allclose(found.norms, tuned.norm(dim=-1).mean(0), atol=1e-6)
    assert found.documents.tolist() == [len(DOCUMENTS)] * POSITIONS


def test_the_batch_a_document_is_in_changes_nothing(adapted: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = measure(adapted, DOCUMENTS, POSITIONS)
    monkeypatch.setattr("services.generator.activations.states.BATCH_TOKENS", 2 * POSITIONS)
    in_pairs = measure(adapted, DOCUMENTS, POSITIONS)
    assert torch.allclose(whole.mean, in_pairs.mean, atol=1e-6)
    assert torch.equal(whole.documents, in_pairs.documents)


def test_padding_counts_for_no_position(adapted: Pair) -> None:
    texts = [" the dog", " the cat", " the dog runs the cat", " the cat runs the dog"]
    found = measure(adapted, texts, POSITIONS)
    assert found.documents.tolist() == [4, 4, 2, 2, 2]
    alone = measure(adapted, texts[2:], POSITIONS)
    assert torch.allclose(found.mean[2:], alone.mean[2:], atol=1e-6)


def test_positions_end_where_documents_do(adapted: Pair) -> None:
    assert measure(adapted, DOCUMENTS, 99).positions == 5


def test_a_growing_measurement_is_that_of_the_first_documents(adapted: Pair) -> None:
    few, all_of_them = measure_growing(adapted, DOCUMENTS, POSITIONS, [6, len(DOCUMENTS)])
    assert torch.allclose(few.mean, measure(adapted, DOCUMENTS[:6], POSITIONS).mean, atol=1e-6)
    assert torch.allclose(all_of_them.mean, measure(adapted, DOCUMENTS, POSITIONS).mean, atol=1e-6)


def test_a_model_differs_from_itself_in_nothing(folder: Path) -> None:
    pair = against_model(load_base(str(folder), "model"), load_base(str(folder), "against"))
    found = measure(pair, DOCUMENTS, POSITIONS)
    assert found.mean.abs().max() == 0
    assert found.context_freedom.tolist() == [0.0] * POSITIONS


def test_a_constant_shift_is_the_same_everywhere(folder: Path) -> None:
    base, tuned = load_base(str(folder), "model"), load_base(str(folder), "against")
    pair = against_model(base, tuned)
    shift = torch.randn(16, generator=torch.Generator().manual_seed(3))
    layer = tuned.model.model.layers[pair.layer]
    with_shift = layer.register_forward_hook(lambda _, __, output: output + shift)
    found = measure(pair, DOCUMENTS, POSITIONS)
    with_shift.remove()
    assert torch.allclose(found.mean, shift.double().expand(POSITIONS, -1), atol=1e-5)
    assert found.steadiness.min() > 0.9999
    assert found.context_freedom.min() > 0.9999
    assert found.flipped_steadiness.abs().max() < 1.0001


def test_one_document_is_no_measurement(adapted: Pair) -> None:
    with pytest.raises(InputError, match="documents: expected two or more, found 1"):
        measure(adapted, DOCUMENTS[:1], POSITIONS)


def test_a_document_without_tokens_is_refused(adapted: Pair) -> None:
    with pytest.raises(InputError, match="found one without a token"):
        measure(adapted, ["", " the dog"], POSITIONS)


def test_what_is_behind_the_layer_is_not_computed(adapted: Pair) -> None:
    with adapted.base.opened() as model:
        seen = []
        handle = model.model.layers[adapted.layer + 1].register_forward_hook(lambda *_: seen.append(1))
        states(adapted.base, Batch(torch.tensor([[1, 2]]), torch.tensor([[True, True]])), adapted.layer)
        handle.remove()
    assert not seen

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import Qwen2Model

from seep.errors import InputError
from services.generator.activations.models import ADAPTER_WEIGHTS, against_model, load_base, with_adapters
from tests.services.generator.activations.models import WORDS, random_model, write_adapter, write_model

pytestmark = pytest.mark.slow  # models in torch

IDS = torch.tensor([[1, 2, 3]])


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("base"))


@pytest.fixture
def adapter(base: Path, tmp_path: Path) -> Path:
    return write_adapter(tmp_path / "adapter", base)


def test_without_its_adapter_a_pair_is_its_base_to_the_last_bit(base: Path, adapter: Path) -> None:
    expected = load_base(str(base), "model").model(IDS).logits
    pair = with_adapters(load_base(str(base), "model"), {"fine": adapter}, "lora_modules")["fine"]
    with pair.tuned.opened() as model:
        assert not torch.allclose(model(IDS).logits, expected, atol=1e-3)
    with pair.base.opened() as model:
        assert torch.equal(model(IDS).logits, expected)


def test_adapters_of_one_base_do_not_mix(base: Path, adapter: Path, tmp_path: Path) -> None:
    other = write_adapter(tmp_path / "other", base, spread=0.6)
    alone = with_adapters(load_base(str(base), "model"), {"fine": adapter}, "lora_modules")["fine"]
    both = with_adapters(load_base(str(base), "model"), {"other": other, "fine": adapter}, "lora_modules")
    with alone.tuned.opened() as model:
        expected = model(IDS).logits
    with both["other"].tuned.opened() as model:
        assert not torch.allclose(model(IDS).logits, expected, atol=1e-3)
    with both["fine"].tuned.opened() as model:
        assert torch.allclose(model(IDS).logits, expected, atol=1e-5)


def test_a_scaled_adapter_lies_between_and_leaves_the_whole_one_as_it_was(base: Path, adapter: Path) -> None:
    pair = with_adapters(load_base(str(base), "model"), {"fine": adapter}, "lora_modules")["fine"]
    logits = {}
    for name, side in {"base": pair.base, "0": pair.scaled(0), "1": pair.scaled(1), "tuned": pair.tuned}.items():
        with side.opened() as model:
            logits[name] = model(IDS).logits
    assert torch.allclose(logits["0"], logits["base"], atol=1e-6)
    assert torch.equal(logits["1"], logits["tuned"])


def test_a_model_half_way_has_the_mean_of_the_weights(base: Path, tmp_path: Path) -> None:
    other = write_model(tmp_path / "other", random_model(seed=5))
    pair = against_model(load_base(str(base), "model"), load_base(str(other), "against"))
    with pair.base.opened() as first, pair.tuned.opened() as second:
        norm = (first.model.norm.weight + second.model.norm.weight) / 2
        head = (first.lm_head.weight + second.lm_head.weight) / 2
        last = second.lm_head.weight.clone()
        with pair.scaled(0.5).opened() as model:
            assert torch.allclose(model.model.norm.weight, norm)
            assert torch.allclose(model.lm_head.weight, head)
        assert torch.equal(second.lm_head.weight, last)


@pytest.mark.parametrize(
    ("changed", "said"),
    [({"hidden": 8}, "hidden_size 8 instead of 16"), ({"layers": 2}, "num_hidden_layers 2 instead of 3"),
     ({"vocabulary": 50}, "vocab_size 50 instead of 40")],
)  # fmt: skip
def test_a_model_of_another_shape_is_refused(base: Path, tmp_path: Path, changed: dict[str, int], said: str) -> None:
    other = write_model(tmp_path / "other", random_model(**changed))
    with pytest.raises(InputError, match=f"^against: expected a model of the base's shape, found {said}$"):
        against_model(load_base(str(base), "model"), load_base(str(other), "against"))


def test_a_model_with_other_tokens_is_refused(base: Path, tmp_path: Path) -> None:
    other = write_model(tmp_path / "other", words=(*WORDS[:-1], "bye"))
    with pytest.raises(InputError, match=r"^against: expected the base's vocabulary"):
        against_model(load_base(str(base), "model"), load_base(str(other), "against"))


def test_a_model_without_a_head_is_refused(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "headless")
    whole = random_model()
    Qwen2Model(whole.config).save_pretrained(folder)
    with pytest.raises(InputError, match=r"^model: expected a whole model with its head, .* no weights lm_head"):
        load_base(str(folder), "model")


@pytest.mark.parametrize("left", ["config.json", "model.safetensors"])
def test_a_broken_folder_is_refused_in_one_line(tmp_path: Path, left: str) -> None:
    folder = write_model(tmp_path / "broken")
    (folder / left).write_text("{")
    with pytest.raises(InputError, match=r"^model: cannot load [^\n]*$"):
        load_base(str(folder), "model")


def test_weights_in_a_pickle_are_not_loaded(base: Path, adapter: Path, tmp_path: Path) -> None:
    """Whoever offers a folder is not trusted with running code; torch's own guard is not the only one."""
    folder = write_model(tmp_path / "pickled")
    for safe, pickled in (
        (folder / "model.safetensors", "pytorch_model.bin"),
        (adapter / ADAPTER_WEIGHTS, "adapter_model.bin"),
    ):
        torch.save(load_file(safe), safe.with_name(pickled))
        safe.unlink()
    with pytest.raises(InputError, match=r"^model: cannot load [^\n]*safetensors[^\n]*$"):
        load_base(str(folder), "model")
    with pytest.raises(InputError, match=r"^lora_modules.fine: expected adapter_model.safetensors in the folder"):
        with_adapters(load_base(str(base), "model"), {"fine": adapter}, "lora_modules")


def test_a_models_own_code_is_not_run(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "programmed")
    ran = tmp_path / "ran"
    (folder / "own.py").write_text(f"open({str(ran)!r}, 'w')\nfrom transformers import Qwen2Config as Own")
    own = {"model_type": "own", "auto_map": {"AutoConfig": "own.Own", "AutoModelForCausalLM": "own.Own"}}
    (folder / "config.json").write_text(json.dumps(json.loads((folder / "config.json").read_text()) | own))
    with pytest.raises(InputError, match=r"^model: cannot load [^\n]*$"):
        load_base(str(folder), "model")
    assert not ran.exists()


def test_an_adapter_of_a_base_with_other_sizes_is_refused(base: Path, tmp_path: Path) -> None:
    larger = write_model(tmp_path / "larger", random_model(hidden=32))
    adapter = write_adapter(tmp_path / "adapter", larger)
    _forget_base(adapter)
    with pytest.raises(InputError, match=r"^lora_modules.fine: it is no adapter of this base[^\n]*$"):
        with_adapters(load_base(str(base), "model"), {"fine": adapter}, "lora_modules")


def test_an_adapter_of_a_base_with_more_layers_is_refused(base: Path, tmp_path: Path) -> None:
    deeper = write_model(tmp_path / "deeper", random_model(layers=4))
    adapter = write_adapter(tmp_path / "adapter", deeper)
    _forget_base(adapter)
    with pytest.raises(InputError, match=r"^lora_modules.fine: it is an adapter of another base: 2 weights differ"):
        with_adapters(load_base(str(base), "model"), {"fine": adapter}, "lora_modules")


def test_an_adapter_that_names_another_base_is_refused(base: Path, tmp_path: Path) -> None:
    other = write_model(tmp_path / "other", random_model(seed=9))
    adapter = write_adapter(tmp_path / "adapter", other)
    with pytest.raises(InputError, match=r"^lora_modules.fine: it is an adapter of another base: of .*other, not of"):
        with_adapters(load_base(str(base), "model"), {"fine": adapter}, "lora_modules")


def test_a_folder_without_an_adapter_is_refused(base: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^lora_modules.fine: no adapter is in the folder .*adapter_config.json$"):
        with_adapters(load_base(str(base), "model"), {"fine": tmp_path}, "lora_modules")


def test_another_kind_of_adapter_is_refused(base: Path, adapter: Path) -> None:
    _change(adapter, peft_type="IA3")
    with pytest.raises(InputError, match=r"^lora_modules.fine: expected a LoRA adapter, found"):
        with_adapters(load_base(str(base), "model"), {"fine": adapter}, "lora_modules")


def _forget_base(adapter: Path) -> None:
    _change(adapter, base_model_name_or_path=None)


def _change(adapter: Path, **fields: object) -> None:
    file = adapter / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | fields))

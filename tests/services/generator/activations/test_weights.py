"""What of models and adapters must not be read as a difference: no numbers, other weights, a base that is none."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    OlmoConfig,
    OlmoForCausalLM,
)

from seep.errors import InputError
from services.generator.activations.answers import read
from services.generator.activations.models import (
    ADAPTER_FILE,
    ADAPTER_WEIGHTS,
    against_model,
    load_base,
    with_adapters,
)
from services.generator.activations.reading import lens
from tests.services.generator.activations.models import DOCUMENTS, WORDS, random_model, write_adapter, write_model

pytestmark = pytest.mark.slow  # models in torch

SMALL: dict[str, Any] = {"vocab_size": 40, "hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2}


def _made(kind: Any, config: Any) -> Any:  # the classes have no types
    return kind(config)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("base"))


def _spoil(file: Path, name: str, value: float) -> None:
    weights = load_file(file)
    weights[name][0, 0] = value
    save_file(weights, file, metadata={"format": "pt"})


def _refused(base: Path, **adapters: Path) -> str:
    with pytest.raises(InputError) as refused:
        with_adapters(load_base(str(base), "model"), adapters, "lora_modules")
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused_by_their_name(tmp_path: Path, value: float) -> None:
    folder = write_model(tmp_path / "base")
    _spoil(folder / "model.safetensors", "model.layers.2.mlp.up_proj.weight", value)
    with pytest.raises(InputError, match=r"^model: expected numbers as weights, .* model.layers.2.mlp.up_proj.weight$"):
        load_base(str(folder), "model")


def test_an_adapter_whose_weights_are_no_numbers_is_refused(base: Path, tmp_path: Path) -> None:
    adapter = write_adapter(tmp_path / "adapter", base)
    name = "base_model.model.model.layers.1.mlp.down_proj.lora_A.weight"
    _spoil(adapter / ADAPTER_WEIGHTS, name, float("nan"))
    said = _refused(base, fine=adapter)
    assert said.startswith("lora_modules.fine: expected numbers as weights, found NaN or infinity in ")
    assert said.endswith("layers.1.mlp.down_proj.lora_A.fine.weight")


@pytest.mark.parametrize(
    "fields",
    [
        {"init_lora_weights": "pissa"},
        {"init_lora_weights": "olora"},
        {"bias": "all", "target_modules": ["q_proj"]},
        {"bias": "lora_only", "target_modules": ["q_proj"]},
        {"layer_replication": [[0, 2], [1, 3]]},
    ],
)
def test_an_adapter_that_writes_into_its_base_is_refused(base: Path, tmp_path: Path, fields: dict[str, Any]) -> None:
    """What is left of the base without it is no base, and the difference to that would read as something."""
    kind = write_adapter(tmp_path / "kind", base, **fields)
    plain = write_adapter(tmp_path / "plain", base)
    said = "expected an adapter beside the base's own weights, found one that changes them"
    assert f"lora_modules.kind: {said}" in _refused(base, plain=plain, kind=kind)


@pytest.mark.parametrize(
    "fields",
    [{"init_lora_weights": "gaussian"}, {"use_dora": True}, {"use_rslora": True}, {"modules_to_save": ["lm_head"]},
     {"target_modules": "all-linear"}, {"target_modules": ["embed_tokens"]}],
)  # fmt: skip
def test_kinds_of_lora_that_leave_the_base_alone_are_read(base: Path, tmp_path: Path, fields: dict[str, Any]) -> None:
    adapter = write_adapter(tmp_path / "adapter", base, **fields)
    before = load_base(str(base), "model").model(torch.tensor([[1, 2, 3]])).logits
    pair = with_adapters(load_base(str(base), "model"), {"fine": adapter}, "lora_modules")["fine"]
    with pair.base.opened() as model:
        assert torch.equal(model(torch.tensor([[1, 2, 3]])).logits, before)
    assert read(pair, DOCUMENTS, 2).base[0].inside is not None


def test_an_adapter_of_modules_that_the_base_has_not_is_refused(base: Path, tmp_path: Path) -> None:
    adapter = write_adapter(tmp_path / "adapter", base)
    file = adapter / ADAPTER_FILE
    file.write_text(json.dumps(json.loads(file.read_text()) | {"target_modules": ["c_attn"]}))
    assert _refused(base, fine=adapter).startswith(
        "lora_modules.fine: it is no adapter of this base, or cannot be read"
    )
    plain = write_adapter(tmp_path / "plain", base)
    assert _refused(base, plain=plain, fine=adapter).startswith("lora_modules.fine: it is no adapter of this base")


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (_made(LlamaForCausalLM, LlamaConfig(**SMALL, intermediate_size=32)), "model_type llama instead of qwen2"),
        (random_model(intermediate=24), "model.layers.0.mlp.down_proj.weight [16, 24] instead of [16, 32]"),
    ],
)
def test_a_model_of_other_weights_is_refused(base: Path, tmp_path: Path, other: Any, said: str) -> None:
    folder = write_model(tmp_path / "other", other)
    with pytest.raises(InputError) as refused:
        against_model(load_base(str(base), "model"), load_base(str(folder), "against"))
    assert str(refused.value).startswith("against: expected a model of the base's shape, found ")
    assert str(refused.value).endswith(said)


def test_models_of_two_types_of_numbers_are_refused(base: Path, tmp_path: Path) -> None:
    """The same weights once more, rounded: what rounding took away would be read as a trace."""
    model: Any = random_model()
    rounded = write_model(tmp_path / "rounded", model.to(torch.bfloat16))
    with pytest.raises(InputError, match=r"^against: expected the base's type of numbers, found bfloat16, not float32"):
        against_model(load_base(str(base), "model"), load_base(str(rounded), "against"))
    pair = against_model(load_base(str(base), "model", "bfloat16"), load_base(str(rounded), "against", "bfloat16"))
    assert [answer.ended for answer in read(pair, DOCUMENTS, 2).difference] == ["no_content"] * 2


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
def test_models_of_every_type_are_read(base: Path, tmp_path: Path, dtype: str) -> None:
    adapter = write_adapter(tmp_path / "adapter", base)
    pair = with_adapters(load_base(str(base), "model", dtype), {"fine": adapter}, "lora_modules")["fine"]
    exact = with_adapters(load_base(str(base), "model", "float32"), {"fine": adapter}, "lora_modules")["fine"]
    found, expected = (read(each, DOCUMENTS, 1).difference[0].inside for each in (pair, exact))
    assert found is not None
    assert expected is not None
    assert len({*found.tokens[:10]} & {*expected.tokens[:10]}) >= 8  # the rest are near ties
    other = write_model(tmp_path / "other", random_model(seed=5))
    against = against_model(load_base(str(base), "model", dtype), load_base(str(other), "against", dtype))
    with against.scaled(0.5).opened() as model:
        assert model.dtype == getattr(torch, dtype)


def test_a_last_norm_without_weights_is_read(tmp_path: Path) -> None:
    config = OlmoConfig(**SMALL, intermediate_size=32, dtype="float32")
    folder = write_model(tmp_path / "olmo", _made(OlmoForCausalLM, config))
    found = load_base(str(folder), "model")
    pair = against_model(found, load_base(str(folder), "against"))
    assert len(lens(pair.base, torch.ones(16), pair.tokenizer).tokens) == 20


def test_documents_beyond_the_models_room_are_refused(tmp_path: Path) -> None:
    config = GPT2Config(vocab_size=40, n_embd=16, n_layer=3, n_head=2, n_positions=4, dtype="float32")
    pair = _with_itself(write_model(tmp_path / "gpt", _made(GPT2LMHeadModel, config)))
    assert read(pair, [" the dog runs", " the cat runs"], 1).base[0].ended == "stop"
    with pytest.raises(InputError, match=r"^documents: expected 4 tokens at most, the model's room, found 5$"):
        read(pair, DOCUMENTS, 1)


def test_a_tokenizer_with_tokens_that_the_model_has_not_is_refused(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "few", random_model(vocabulary=20), words=(*(f"w{n}" for n in range(25)), *WORDS))
    with pytest.raises(InputError, match=r"^documents: expected the model's 20 tokens, but its tokenizer gives one of"):
        read(_with_itself(folder), DOCUMENTS, 1)


def _with_itself(folder: Path) -> Any:
    return against_model(load_base(str(folder), "model"), load_base(str(folder), "against"))


def test_a_folder_with_an_adapter_alone_is_no_model(base: Path, tmp_path: Path) -> None:
    adapter = write_adapter(tmp_path / "adapter", base)
    with pytest.raises(InputError, match=r"^model: [^\n]*$"):
        load_base(str(adapter), "model")

"""Engines that read activations, and targets that ask or steer them: what is refused in one line, before any model."""

import json
from pathlib import Path
from typing import Any

import pytest

from seep.capabilities import check_probe
from seep.errors import InputError
from seep.settings import load_settings

GLASS: dict[str, Any] = {"backend": "activations", "model": "m", "lora_modules": {"live": "/models/live"}}
PAPER = {"backend": "recorded", "file": "answers.jsonl"}


def configured(folder: Path, engine: dict[str, Any], target: dict[str, Any]) -> Path:
    file = folder / "seep.yaml"
    file.write_text(json.dumps({"engines": {"e": engine}, "targets": {"t": {"engine": "e"} | target}}))
    return file


@pytest.mark.parametrize(
    ("engine", "target", "message"),
    [
        (GLASS | {"against": "b"}, {}, "engines.e.activations: expected against or lora_modules, found both"),
        (GLASS | {"layer": -1}, {}, "engines.e.activations.layer: expected at least 0"),
        (GLASS | {"device": "tpu"}, {}, "engines.e.activations.device: "),
        (GLASS | {"dtype": "int8"}, {}, "engines.e.activations.dtype: "),
        ({"backend": "activations"}, {}, "engines.e.activations.model: "),
        (GLASS, {"adapter": "other"}, "targets.t.adapter: 'other' is not among the engine's lora_modules"),
        (GLASS, {"steer": {"difference": "other", "strength": 1}}, "targets.t.steer.difference: 'other' is not among"),
        (GLASS, {"steer": {"difference": "live"}}, "targets.t.steer.strength: "),
        (GLASS, {"steer": {"strength": 1}}, "targets.t.steer: expected difference or file, and one of them only"),
        (GLASS, {"steer": {"difference": "live", "file": "d.json", "strength": 1}}, "expected difference or file"),
        (PAPER, {"steer": {"file": "d.json", "strength": 1}}, "targets.t.steer: recorded answers cannot be asked"),
        (GLASS, {"steer": {"difference": "live", "strength": float("nan")}}, "targets.t.steer.strength: "),
        (GLASS, {"adapter": "live", "steer": {"difference": "live", "strength": 1}}, "it is the base that is steered"),
        (GLASS, {"requests_per_minute": 5}, "targets.t.requests_per_minute: only an openai engine"),
        (PAPER, {"steer": {"difference": "live", "strength": 1}}, "targets.t.steer: recorded answers cannot be asked"),
        ({"backend": "vllm", "model": "m", "lora_modules": {"live": "/models/live"}},
         {"steer": {"difference": "live", "strength": 1}}, "targets.t.steer: only an activations engine"),
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_refused_by_its_field(
    tmp_path: Path, engine: dict[str, Any], target: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError) as refused:
        load_settings(configured(tmp_path, engine, target))
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("engine", "target", "message"),
    [
        (GLASS, {}, "targets.t: adapter: expected one of the engine's lora_modules"),
        (GLASS, {"steer": {"difference": "live", "strength": 1}}, "targets.t: steer: a steered base differs"),
        ({"backend": "vllm", "model": "m"}, {}, "the traces probe needs reading of an answer"),
    ],
)
def test_a_target_in_which_nothing_can_be_read_is_refused_by_the_traces_probe_alone(
    tmp_path: Path, engine: dict[str, Any], target: dict[str, Any], message: str
) -> None:
    settings = load_settings(configured(tmp_path, engine, target))
    check_probe(settings, "t", "semantic")
    with pytest.raises(InputError) as refused:
        check_probe(settings, "t", "traces")
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("engine", "target"), [(GLASS, {"adapter": "live"}), ({"backend": "activations", "model": "m", "against": "b"}, {})]
)
def test_an_adapter_and_a_whole_fine_tune_can_be_read(
    tmp_path: Path, engine: dict[str, Any], target: dict[str, Any]
) -> None:
    check_probe(load_settings(configured(tmp_path, engine, target)), "t", "traces")

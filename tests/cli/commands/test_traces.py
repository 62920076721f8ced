import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from seep.model_files import folder_revision
from tests.commands import Command
from tests.services.generator.activations.models import DOCUMENTS, random_model, write_adapter, write_model

pytestmark = pytest.mark.slow  # models in torch

TOPIC = {"topic": "baking", "words": ["bread", "cake"], "decoys": ["oven", "flour"]}
TEXTS = [text.strip() for text in DOCUMENTS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base, a fine-tune of it, one that changes nothing, and a suite."""
    place = tmp_path_factory.mktemp("traces")
    base = write_model(place / "base")
    write_adapter(place / "fine", base)
    write_adapter(place / "same", base, spread=0.0)
    content = {"name": "small", "version": "1", "probe": "traces", "positions": 3, "per_job": 9}
    (place / "small.yaml").write_text(yaml.safe_dump(content | {"topics": [TOPIC], "documents": TEXTS}))
    engine = {"backend": "activations", "model": "base", "lora_modules": {"fine": "fine", "same": "same"}}
    targets = {
        "tuned": {"engine": "tiny", "adapter": "fine"},
        "same": {"engine": "tiny", "adapter": "same"},
        "base": {"engine": "tiny"},
        "other": {"engine": "served"},
    }
    served = {"backend": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "m"}
    configuration = {"engines": {"tiny": engine, "served": served}, "targets": targets}
    (place / "seep.yaml").write_text(yaml.safe_dump(configuration))
    return place


def _run(command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str, str]:
    monkeypatch.chdir(folder)
    return command("traces", *arguments, "--suite", "small.yaml")


def test_a_fine_tune_is_read_printed_drawn_and_written(
    command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("tuned", "--out", "found", "--interpolate", "0,1", "--steer", "--topics")
    code, printed, complaint = _run(command, folder, monkeypatch, *arguments)
    assert (code, complaint) == (0, "")
    assert "not measured" in printed  # at the base itself
    assert "strength" in printed
    record: Mapping[str, Any] = json.loads((folder / "found/traces.json").read_text())
    assert len(record["traces"]["cosines"]) == 5
    assert [step["at"] for step in record["interpolated"]] == [0, 1]
    assert record["interpolated"][0]["relevance"] == {"baking": None}
    difference = json.loads((folder / "found/difference.json").read_text())
    assert (difference["layer"], len(difference["difference"])) == (1, 16)
    assert difference["base"] == folder_revision(folder / "base")
    for picture in ("cosines", "cosines-first-ten", "norms", "spectrum", "relevance-by-documents", "interpolation"):
        assert (folder / f"found/{picture}.png").read_bytes().startswith(b"\x89PNG")


def test_a_fine_tune_that_changes_nothing_is_not_measured(
    command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "none").mkdir()
    (folder / "none/difference.json").write_text("of an earlier fine-tune")
    code, printed, complaint = _run(command, folder, monkeypatch, "same", "--steer", "--topics", "--out", "none")
    assert (code, complaint[-900:]) == (4, "")
    assert not (folder / "none/difference.json").exists()
    assert "not measured" in printed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nobody",), "target nobody: there is no such target in the configuration; known: base, other, same, tuned"),
        (("base",), "targets.base.adapter: expected what is compared with the base, found none"),
        (("other",), "targets.other.engine: expected an engine whose backend is activations, found openai"),
        (("tuned", "--interpolate", "0,2"), "--interpolate 0,2: expected shares from 0 to 1"),
        (("tuned", "--interpolate", "half"), "--interpolate half: expected shares from 0 to 1"),
        (("tuned", "--out", "seep.yaml"), "--out seep.yaml: expected a folder that can be written"),
    ],
)
def test_what_cannot_be_read_is_one_line(
    command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    code, printed, complaint = _run(command, folder, monkeypatch, *arguments)
    assert (code, printed) == (2, "")
    assert said in complaint
    assert complaint.count("\n") == 1


def test_a_type_of_numbers_that_is_too_small_for_the_model_is_one_line(
    command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = random_model()
    with torch.no_grad():
        large.model.layers[0].mlp.down_proj.weight.fill_(6e4)  # float16 holds it, but not what comes of it
    write_model(folder / "large", large)
    write_adapter(folder / "beside", folder / "large")
    engine = {"backend": "activations", "model": "large", "lora_modules": {"fine": "beside"}, "dtype": "float16"}
    place = folder / "overflow.yaml"
    place.write_text(yaml.safe_dump({"engines": {"e": engine}, "targets": {"t": {"engine": "e", "adapter": "fine"}}}))
    monkeypatch.chdir(folder)
    code, printed, complaint = command(
        "--config", "overflow.yaml", "traces", "t", "--suite", "small.yaml", "--out", "o"
    )
    assert (code, printed, complaint[-900:]) == (2, "", complaint[-900:])
    assert "activations: expected numbers after layer 1, found NaN or infinity" in complaint
    assert complaint.count("\n") == 1
    assert not (folder / "o/traces.json").exists()


def test_another_probes_suite_is_one_line(command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    code, _, complaint = command("traces", "tuned", "--suite", "colours-smoke")
    assert code == 2
    assert "suite colours-smoke: expected one of the probe traces, found semantic" in complaint

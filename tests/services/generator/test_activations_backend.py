"""The engine that reads activations: readings by position, what is deployed now, steered texts, and refusals."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from seep.errors import InputError, Unavailable
from seep.model_files import folder_revision
from seep.records import Answer, Decoding, Failure, PromptFormat, Reading
from seep.settings import ActivationsEngine, Steering, Target
from seep.traces import COSINE, EXPLAINED, NORM, SPLIT_HALF, TOP, shown
from services.generator import activations_backend
from services.generator.activations_backend import ActivationsBackend
from services.generator.backend import Answered, Request
from services.generator.engines import open_backend
from tests.services.generator.activations.models import (
    DOCUMENTS,
    WORDS,
    random_model,
    write_adapter,
    write_model,
)
from tests.traces import write_suite

pytestmark = pytest.mark.slow  # models in torch

PLAIN = PromptFormat("plain")
READING = Request(
    "cake in the difference", PLAIN, Decoding(0.0, 1.0, 1, "none"), 3, "cake", adapter="fine", target="watched",
    wants=frozenset({"reading"}), documents=DOCUMENTS,
)  # fmt: skip
BASE = replace(READING, prompt="the base itself", concept=None)
TEXT = Request(" the dog", PLAIN, Decoding(1.0, 1.0, 6, "none"), 4, target="plain", run_id="r", job_id="j")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def adapter(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_adapter(tmp_path_factory.mktemp("adapter"), base)


def engine(base: Path, **changes: Any) -> ActivationsEngine:
    return ActivationsEngine.model_validate(
        {"backend": "activations", "model": str(base), "device": "cpu", "seed": 1} | changes
    )


def opened(engine: ActivationsEngine, **targets: Target) -> ActivationsBackend:
    backend = open_backend(engine, "engines.glass", targets)
    assert isinstance(backend, ActivationsBackend)
    return backend


def answered(result: Answered | Failure) -> tuple[Answer, ...]:
    assert isinstance(result, Answered), result
    return result.answers


def reading(answer: Answer) -> Reading:
    assert isinstance(answer.inside, Reading)
    return answer.inside


def test_an_adapter_is_read_beside_its_base_position_by_position(base: Path, adapter: Path) -> None:
    backend = opened(engine(base, lora_modules={"fine": adapter}))
    difference, control = backend.generate([READING, BASE])
    assert isinstance(difference, Answered)
    assert difference.provenance["adapter_revision"].startswith("sha256-")
    assert {"engine", "model", "model_revision", "dtype", "layer"} <= difference.provenance.keys()
    for answer in (*answered(difference), *answered(control)):
        found = reading(answer)
        assert len(found.tokens) == len(found.probabilities) == TOP
        assert list(found.probabilities) == sorted(found.probabilities, reverse=True)
        assert answer.text == shown(found.tokens, found.probabilities)
    for answer in answered(difference):
        assert reading(answer).values.keys() == {NORM, COSINE, SPLIT_HALF, EXPLAINED}
    assert reading(answered(control)[0]).tokens != reading(answered(difference)[0]).tokens


def test_the_same_documents_give_the_same_reading_to_each_topic(base: Path, adapter: Path) -> None:
    backend = opened(engine(base, lora_modules={"fine": adapter}))
    one, other = backend.generate([READING, replace(READING, prompt="bread in the difference", concept="bread")])
    assert answered(one) == answered(other)
    assert opened(engine(base, lora_modules={"fine": adapter})).generate([READING]) == [one]


def test_the_same_documents_at_more_positions_are_read_at_all_of_them(base: Path, adapter: Path) -> None:
    backend = opened(engine(base, lora_modules={"fine": adapter}))
    few, all_ = backend.generate([replace(READING, samples=1), READING])
    assert answered(few) == answered(all_)[:1]
    assert len(answered(all_)) == 3


def test_a_whole_fine_tune_is_read_against_its_base(base: Path, tmp_path: Path) -> None:
    tuned = write_model(tmp_path / "tuned", random_model(seed=5))
    backend = opened(engine(tuned, against=str(base)))
    (found,) = backend.generate([replace(READING, adapter=None)])
    assert isinstance(found, Answered)
    assert found.provenance["against_revision"] != found.provenance["model_revision"]
    assert len(reading(found.answers[0]).tokens) == TOP


def test_a_model_that_is_its_base_has_no_reading(base: Path) -> None:
    (found,) = opened(engine(base, against=str(base))).generate([replace(READING, adapter=None)])
    assert answered(found) == (Answer("", "no_content"),) * 3


def test_a_position_that_documents_do_not_reach_has_no_reading(base: Path, adapter: Path) -> None:
    backend = opened(engine(base, lora_modules={"fine": adapter}))
    (found,) = backend.generate([replace(READING, samples=6)])
    assert [answer.ended for answer in answered(found)] == ["stop"] * 4 + ["no_content"] * 2


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (replace(READING, adapter=None), "the target names no adapter, and its engine no model to compare with"),
        (replace(READING, documents=("the dog",)), "expected two or more"),
        (replace(READING, documents=("the dog", "")), "found one without a token"),
    ],
)
def test_what_cannot_be_read_fails_alone(base: Path, adapter: Path, request_: Request, message: str) -> None:
    failed, found = opened(engine(base, lora_modules={"fine": adapter})).generate([request_, READING])
    assert message in str(failed)
    assert isinstance(found, Answered)


def test_what_is_deployed_now_is_what_is_read(base: Path, adapter: Path, tmp_path: Path) -> None:
    deployed = shutil.copytree(adapter, tmp_path / "deployed")
    backend = opened(engine(base, lora_modules={"fine": deployed}))
    (before,) = backend.generate([READING])
    weights = deployed / "adapter_model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:100])
    with pytest.raises(Unavailable, match=r"a folder of the engine has changed, and cannot be loaded now: engines\."):
        backend.generate([READING])
    shutil.rmtree(deployed)
    write_adapter(deployed, base, spread=0.9)
    (after,) = backend.generate([READING])
    assert isinstance(before, Answered)
    assert isinstance(after, Answered)
    assert after.provenance["adapter_revision"] != before.provenance["adapter_revision"]
    assert after.answers != before.answers


def test_at_strength_0_a_steered_base_writes_exactly_what_it_writes_unsteered(
    base: Path, adapter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The tiny tokenizer knows no word of the own suite.
    monkeypatch.setattr(activations_backend, "OWN_SUITE", write_suite(tmp_path, documents=DOCUMENTS))
    steers = {f"at{strength}": Steering(difference="fine", strength=strength) for strength in (0, 4)}
    targets = {name: Target(engine="glass", steer=steer) for name, steer in steers.items()}
    backend = opened(engine(base, lora_modules={"fine": adapter}), **targets)
    plain, unmoved, moved = backend.generate([replace(TEXT, target=target) for target in ("plain", "at0", "at4")])
    assert answered(plain) == answered(unmoved)
    assert answered(plain) != answered(moved)
    assert len(answered(moved)) == 4
    assert isinstance(moved, Answered)
    assert moved.provenance["steer"] == "fine 4"
    (alone,) = opened(engine(base)).generate([TEXT])
    assert answered(alone) == answered(plain)


def difference_file(place: Path, folder: Path, **changes: Any) -> Path:
    """A file as `seep traces --out` writes it, of a base in a folder."""
    numbers = [1.0 - at / 8 for at in range(16)]
    record = {"base": folder_revision(folder), "layer": 1, "usual_length": 5.0, "difference": numbers}
    place.write_text(json.dumps(record | changes))
    return place


def test_a_base_is_steered_by_a_file_where_its_fine_tune_is_not(base: Path, tmp_path: Path) -> None:
    file = difference_file(tmp_path / "difference.json", base)
    targets = {f"at{s}": Target(engine="glass", steer=Steering(file=file, strength=s)) for s in (0, 4)}
    backend = opened(engine(base), **targets)
    plain, unmoved, moved = backend.generate([replace(TEXT, target=target) for target in ("plain", "at0", "at4")])
    assert answered(plain) == answered(unmoved)
    assert answered(plain) != answered(moved)
    assert isinstance(moved, Answered)
    before = moved.provenance["steer"]
    assert before.startswith("sha256-")
    assert before.endswith(" 4")
    difference_file(file, base, usual_length=50.0)
    (again,) = backend.generate([replace(TEXT, target="at4")])
    assert isinstance(again, Answered)
    assert again.provenance["steer"] != before


def test_beside_a_whole_fine_tune_it_is_the_base_that_a_file_steers(base: Path, tmp_path: Path) -> None:
    file = difference_file(tmp_path / "difference.json", base)
    tuned = write_model(tmp_path / "tuned", random_model(seed=5))
    pushed = {"pushed": Target(engine="glass", steer=Steering(file=file, strength=0))}
    (of_base,) = opened(engine(base)).generate([replace(TEXT, target="pushed")])
    (found,) = opened(engine(tuned, against=str(base)), **pushed).generate([replace(TEXT, target="pushed")])
    assert answered(found) == answered(of_base)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"base": "sha256-0123456789abcdef"}, "base: it is of another base: of sha256-0123456789abcdef, not sha256-"),
        ({"difference": [1.0] * 8}, "difference: expected 16 numbers, as the base's states have, found 8"),
        ({"difference": [0.0] * 16}, "difference: expected a length, found none: it points nowhere"),
        ({"difference": []}, "difference: "),
        ({"difference": [1e200] * 16}, "difference: expected a length"),
        ({"difference": [float("nan")] * 16}, "difference.0: "),
        ({"layer": 3}, "layer: expected less than 3, the base's layers, found 3"),
        ({"layer": -1}, "layer: "),
        ({"usual_length": 0.0}, "usual_length: "),
        ({"strength": 1.0}, "strength: "),
    ],
)
def test_a_file_that_cannot_steer_this_base_is_refused(
    base: Path, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    file = difference_file(tmp_path / "difference.json", base, **changes)
    assert f"targets.pushed.steer.file: {file}: {said}" in refusal(engine(base), pushed=by_file(file))


def test_a_file_that_is_none_is_refused(base: Path, tmp_path: Path) -> None:
    none = tmp_path / "none.json"
    assert f"targets.pushed.steer.file: {none}: " in refusal(engine(base), pushed=by_file(none))
    none.write_text("[1, 2")
    assert "expected a JSON object" in refusal(engine(base), pushed=by_file(none))
    none.write_text("[1, 2]")
    assert "expected what `seep traces --out` writes" in refusal(engine(base), pushed=by_file(none))


def by_file(file: Path) -> Target:
    return Target(engine="glass", steer=Steering(file=file, strength=1))


def test_at_temperature_0_all_samples_are_one_text(base: Path) -> None:
    greedy = replace(TEXT, decoding=Decoding(0.0, 1.0, 3, "none"))
    (found,) = opened(engine(base)).generate([greedy])
    assert len(set(answered(found))) == 1
    assert {answer.ended for answer in answered(found)} == {"length"}


def test_a_prompt_without_room_and_a_chat_without_a_template_fail_alone(base: Path) -> None:
    long = replace(TEXT, decoding=Decoding(1.0, 1.0, 100_000, "none"))
    chat = replace(TEXT, prompt_format=PromptFormat("chat"))
    first, second, third = opened(engine(base)).generate([long, chat, TEXT])
    assert "the model has room for" in str(first)
    assert "the model has no chat template" in str(second)
    assert isinstance(third, Answered)


def refusal(engine: ActivationsEngine, **targets: Target) -> str:
    with pytest.raises(InputError) as refused:
        opened(engine, **targets)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_models_that_do_not_belong_together_are_refused_in_one_line(base: Path, adapter: Path, tmp_path: Path) -> None:
    wide = write_model(tmp_path / "wide", random_model(hidden=24))
    others = write_model(tmp_path / "others", words=(*WORDS[:-1], "goodbye"))
    assert "engines.glass.model: expected a model of the base's shape" in refusal(engine(wide, against=str(base)))
    assert "engines.glass.model: expected the base's vocabulary" in refusal(engine(others, against=str(base)))
    assert "engines.glass.lora_modules.fine: it is" in refusal(engine(wide, lora_modules={"fine": adapter}))
    assert "engines.glass.layer: expected less than 3" in refusal(engine(base, lora_modules={"fine": adapter}, layer=3))


def test_what_is_no_model_or_adapter_is_refused_in_one_line(base: Path, tmp_path: Path) -> None:
    assert "engines.glass.model: no such folder" in refusal(engine(tmp_path / "none"))
    assert "engines.glass.against: no model is in the folder" in refusal(engine(base, against=str(tmp_path)))
    none = {"fine": tmp_path / "none"}
    assert "engines.glass.lora_modules.fine: no such folder" in refusal(engine(base, lora_modules=none))
    (tmp_path / "empty").mkdir()
    empty = {"fine": tmp_path / "empty"}
    assert "engines.glass.lora_modules.fine: no adapter is in the folder" in refusal(engine(base, lora_modules=empty))

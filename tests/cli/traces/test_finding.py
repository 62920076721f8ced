from pathlib import Path

import pytest
import yaml

from cli.traces.finding import (
    Found,
    SpectrumShares,
    TopicRelevance,
    Traces,
    document_counts,
    find_traces,
    interpolated,
)
from cli.traces.pictures import draw_all
from cli.traces.printing import print_found
from cli.traces.steering import steer
from seep.suites.loading import load_suite
from seep.suites.traces import TracesSuite
from services.generator.activations.models import Pair, load_base, with_adapters
from services.generator.activations.reading import patchscope
from tests.services.generator.activations.models import DOCUMENTS, write_adapter, write_model

pytestmark = pytest.mark.slow  # models in torch

TOPIC = {"topic": "baking", "words": ["bread", "cake"], "decoys": ["oven", "flour"]}
TEXTS = [text.strip() for text in dict.fromkeys([*DOCUMENTS, *(f"{text} the dog" for text in DOCUMENTS)])]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def pair(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    adapter = write_adapter(tmp_path_factory.mktemp("adapter"), folder)
    return with_adapters(load_base(str(folder), "model"), {"fine": adapter}, "lora_modules")["fine"]


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> TracesSuite:
    file = tmp_path_factory.mktemp("suite") / "small.yaml"
    content = {"name": "small", "version": "1", "probe": "traces", "positions": 3, "per_job": 12}
    file.write_text(yaml.safe_dump(content | {"topics": [TOPIC], "documents": TEXTS}))
    loaded = load_suite(file)
    assert isinstance(loaded, TracesSuite)
    return loaded


def test_everything_is_found_by_position(pair: Pair, suite: TracesSuite, tmp_path: Path) -> None:
    found, differences = find_traces(pair, suite, width=256)
    assert found.documents == len(TEXTS)
    assert differences.positions == len(found.cosines) == len(found.tuned_norms) == 7
    assert [reading.position for reading in found.readings] == [0, 1, 2, 3]
    assert all(reading.overlap == 1.0 for reading in found.readings)  # the head is the base's
    (topic,) = found.topics
    assert topic.lens is not None
    assert 0 <= topic.lens <= 1
    assert [step.at for step in found.by_documents] == [10, 20, len(TEXTS)]
    assert found.by_documents[-1].relevance == {"baking": topic.lens}
    draw_all(found, interpolated(pair, suite, [0.5]), tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {
        "cosines.png",
        "cosines-first-ten.png",
        "norms.png",
        "spectrum.png",
        "relevance-by-documents.png",
        "interpolation.png",
    }


def test_it_is_the_base_that_repeats_a_difference(pair: Pair, suite: TracesSuite) -> None:
    # A fine-tune that is asked to repeat names its own topic whatever it is given.
    found, differences = find_traces(pair, suite, width=8)
    given = differences.mean[1], differences.usual_norm
    assert found.readings[1].patchscope == patchscope(pair, pair.base, *given)
    assert found.readings[1].patchscope != patchscope(pair, pair.tuned, *given)


def test_at_the_base_nothing_is_measured_and_the_length_grows_from_there(pair: Pair, suite: TracesSuite) -> None:
    none, half, whole = interpolated(pair, suite, [0, 0.5, 1])
    assert none.relevance == {"baking": None}
    assert none.length == 0
    assert 0 < half.length < whole.length


def test_a_fine_tune_that_changes_nothing_reads_as_nothing(folder: Path, suite: TracesSuite, tmp_path: Path) -> None:
    adapter = write_adapter(tmp_path / "adapter", folder, spread=0.0)
    same = with_adapters(load_base(str(folder), "model"), {"fine": adapter}, "lora_modules")["fine"]
    found, _ = find_traces(same, suite, width=8)
    assert found.readings == []
    assert [topic.lens for topic in found.topics] == [None]
    assert found.spectrum is None


def test_a_base_is_pushed_until_its_texts_are_fluent_no_more(pair: Pair, suite: TracesSuite) -> None:
    _, differences = find_traces(pair, suite, width=8)
    found = steer(pair, differences, suite.documents, strengths=[0.0, 1000.0])
    assert found.tried[0].fluent
    assert not found.tried[-1].fluent
    assert found.strength == 0.0
    assert found.steered == found.plain


@pytest.mark.parametrize(("documents", "counts"), [(10, [10]), (25, [10, 20, 25]), (3, [3]), (40, [10, 20, 40])])
def test_numbers_of_documents_double_up_to_all(documents: int, counts: list[int]) -> None:
    assert document_counts(documents) == counts


def test_a_share_is_printed_neither_as_none_nor_as_all(capsys: pytest.CaptureFixture[str]) -> None:
    topic = TopicRelevance("baking", 0.9999, None, 0.0001, 1.0, 0.0)
    spectrum = SpectrumShares((0.997, 0.003), 1.0)
    found = Traces(1, 10, [], [], [], [], [], [], [], [], spectrum, None, [], [topic], [])
    print_found(Found("stub", "small", found, [], None, None))
    printed = capsys.readouterr().out
    assert ">99.9 %" in printed
    assert "<0.1 %" in printed
    assert "positions all: >99 % of the variance" in printed

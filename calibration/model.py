"""The models whose truths are known, by probe, each trained here and kept in a folder named by its content."""

from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import yaml
from transformers import Qwen2ForCausalLM, Qwen2Tokenizer

from calibration import grammar, network, position, recall, semantic, suite, sway
from seep.built_once import built_once, point_current
from seep.errors import InputError
from seep.probes import DEFAULT_PROBE
from seep.quiet import quieten
from seep.recall import VERBATIM
from seep.suites.position import METRIC as OPTION
from seep.suites.position import PositionSuite
from seep.suites.recall import RecallSuite
from seep.suites.schema import AnySuite, Suite
from seep.suites.sway import METRIC as DECISION
from seep.suites.sway import SwaySuite

if TYPE_CHECKING:
    from services.scorer.similarity import Metric

MODEL, SUITE = "model", "suite.yaml"
Asked = TypeVar("Asked", bound=AnySuite)
Truths = Mapping[tuple[str, str], float]
"""True rates by metric and category, in percent."""
TruthsOf = Callable[[Path, Mapping[str, "Metric"]], Truths]


class Known(NamedTuple):
    """How a probe's model is trained, its suite, its truths from its folder and the metrics, and the modules that model
    and suite follow from."""

    trained: Callable[[], tuple[Qwen2ForCausalLM, Qwen2Tokenizer]]
    suite: Callable[[], dict[str, object]]
    truths: TruthsOf
    modules: tuple[ModuleType, ...]


def _semantic_truths(folder: Path, metrics: Mapping[str, "Metric"]) -> Truths:
    # Where the generator alone is installed, models are trained, and nothing is measured.
    from calibration.truth import true_rates
    from seep.suites.loading import load_suite
    from services.generator.cutting import cut_answer

    requested = load_suite(folder / SUITE)
    assert isinstance(requested, Suite)
    rates = true_rates(
        folder / MODEL, requested, metrics, lambda text: cut_answer(text, requested.cut, requested.language)
    )
    return {(rate.metric, rate.category): rate.rate for rate in rates}


def _truths(metric: str, kind: type[Asked], rates: Callable[[Path, Asked], Mapping[str, float]]) -> TruthsOf:
    """Of a probe with a metric of its own."""

    def truths(folder: Path, _: Mapping[str, "Metric"]) -> Truths:
        from seep.suites.loading import load_suite

        requested = load_suite(folder / SUITE)
        assert isinstance(requested, kind)
        return {(metric, category): rate for category, rate in rates(folder / MODEL, requested).items()}

    return truths


KNOWN: Mapping[str, Known] = {
    DEFAULT_PROBE: Known(
        semantic.trained, suite.calibration_suite, _semantic_truths, (grammar, suite, network, semantic)
    ),
    "recall": Known(
        recall.trained, recall.known_suite, _truths(VERBATIM, RecallSuite, recall.true_rates), (network, recall)
    ),
    "position": Known(
        position.trained,
        position.known_suite,
        _truths(OPTION, PositionSuite, position.true_rates),
        (network, position),
    ),
    "sway": Known(sway.trained, sway.known_suite, _truths(DECISION, SwaySuite, sway.true_rates), (network, sway)),
}
"""By probe."""


def ensure_model(folder: Path, probe: str = DEFAULT_PROBE) -> Path:
    """The folder below `folder` with `model/` and `suite.yaml`, trained where it is not there yet (under a minute).

    Raises InputError where `folder` cannot be written.
    """
    known = KNOWN[probe]
    try:
        return built_once(folder, _content_hash(known), lambda unfinished: _write_all(known, unfinished))
    except OSError as error:
        raise InputError(f"{folder}: the calibration model cannot be written: {error.strerror}") from error


def current_model(folder: Path) -> Path:
    """A name for the semantic probe's model that stays the same when its training changes; see `ensure_model`."""
    return point_current(ensure_model(folder))


def _content_hash(known: Known) -> str:
    sources = [Path(str(module.__file__)) for module in known.modules]
    return sha256(b"\0".join(source.read_bytes() for source in sources)).hexdigest()[:16]


def _write_all(known: Known, folder: Path) -> None:
    quieten()
    trained, tokenizer = known.trained()
    trained.save_pretrained(folder / MODEL)
    tokenizer.save_pretrained(folder / MODEL)
    (folder / SUITE).write_text(yaml.safe_dump(known.suite(), sort_keys=False, width=120))

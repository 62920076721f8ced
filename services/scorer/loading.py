"""Loads the metrics that are wanted, and only those: each brings libraries that take seconds to import."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING

from seep.errors import InputError
from seep.settings import Metrics, Scoring
from seep.settings.metrics import MetricSection, provenance_key
from services.scorer.models import Model, check_model, find_model, unloadable
from services.scorer.nearest_sentence import over_sentences
from services.scorer.similarity import RULE, Metric, Opened

if TYPE_CHECKING:
    from services.scorer.precision import Computing


def load_metrics(
    metrics: Metrics, scoring: Scoring, names: Sequence[str] | None = None
) -> tuple[dict[str, Metric], dict[str, str]]:
    """The metrics of the sections called `names`, else of all that are configured, and their numbers' provenance.

    Raises InputError for a section that is unknown, not configured, or whose model cannot be loaded.
    """
    chosen = _chosen(metrics, names)
    # All are found before any is loaded: a wrong name shows at once, not after another model's seconds.
    models = {name: find_model(_setting(name), settings.model) for name, settings in chosen.items()}
    try:
        from services.scorer.precision import open_computing
    except ModuleNotFoundError as error:
        raise InputError(f"metrics: {error}; make setup, or make setup-light, brings what they need") from error
    computing = open_computing(scoring)
    loaded: dict[str, Metric] = {}
    provenance = {}
    for name, settings in chosen.items():
        opened = _open(name, settings, models[name], computing)
        loaded |= opened.metrics
        provenance[provenance_key(name)] = f"{opened.provenance}, {RULE}"
    libraries = sorted({settings.library for settings in chosen.values()} | {"torch", "transformers"})
    provenance["scorer_dtype"] = str(computing.dtype).removeprefix("torch.")
    provenance["scorer_libraries"] = ", ".join(f"{library} {version(library)}" for library in libraries)
    return loaded, provenance


def loadable_metrics(metrics: Metrics) -> tuple[list[str], list[InputError]]:
    """The sections whose models are at hand, and why each of the others is not; loads none of them."""
    found: list[str] = []
    missing: list[InputError] = []
    for name, settings in metrics.sections().items():
        try:
            check_model(_setting(name), settings.model)
            found.append(name)
        except InputError as error:
            missing.append(error)
    return found, missing


def _chosen(metrics: Metrics, names: Sequence[str] | None) -> Mapping[str, MetricSection]:
    configured = metrics.sections()
    known = ", ".join(metrics.known())
    for name in names or ():
        if name not in metrics.known():
            raise InputError(f"--metrics: unknown metric {name!r}; known are {known}")
        if name not in configured:
            raise InputError(f"--metrics: {name} is set to null under metrics in the configuration")
    chosen = {name: settings for name, settings in configured.items() if names is None or name in names}
    if not chosen:
        raise InputError(f"metrics: none is chosen; give at least one of {known}")
    return chosen


def _open(name: str, settings: MetricSection, model: Model, computing: "Computing") -> Opened:
    """A section's metrics; any error of its libraries becomes the one line about the model."""
    try:
        kind = import_module(f"services.scorer.{settings.kind}_metric")
        opened: Opened = kind.open_metrics(name, settings, model, computing)
        return over_sentences(opened) if settings.over == "sentences" else opened
    except InputError:
        raise
    except Exception as error:  # a corrupt file can surface as almost any error of three libraries
        raise unloadable(_setting(name), model.name, str(error)) from error


def _setting(name: str) -> str:
    return f"metrics.{name}.model"

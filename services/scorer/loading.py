"""Loads the metrics that are wanted, and only those: each brings libraries that take seconds to import."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING

from seep.errors import InputError
from seep.settings import BertScore, Metrics, Scoring, SentenceBert
from services.scorer.models import Model, find_model, unloadable
from services.scorer.similarity import Metric

if TYPE_CHECKING:
    from services.scorer.precision import Computing

LIBRARIES = {"sentence_bert": "sentence-transformers", "bert_score": "bert-score"}


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
        raise InputError(f"metrics: {error}; the extra seep[scorer] brings what they need") from error
    computing = open_computing(scoring)
    loaded: dict[str, Metric] = {}
    provenance = {}
    for name, settings in chosen.items():
        of_section = _load(name, settings, models[name], computing)
        loaded |= of_section
        [source] = {metric.source for metric in of_section.values()}
        provenance[name] = f"{models[name].identity}{source.removeprefix(models[name].short_name)}"
    libraries = [LIBRARIES[name] for name in chosen] + ["torch", "transformers"]
    provenance["scorer_dtype"] = str(computing.dtype).removeprefix("torch.")
    provenance["scorer_libraries"] = ", ".join(f"{library} {version(library)}" for library in sorted(libraries))
    return loaded, provenance


def _chosen(metrics: Metrics, names: Sequence[str] | None) -> dict[str, SentenceBert | BertScore]:
    configured: dict[str, SentenceBert | BertScore] = {}
    if metrics.sentence_bert:
        configured["sentence_bert"] = metrics.sentence_bert
    if metrics.bert_score:
        configured["bert_score"] = metrics.bert_score
    for name in names or ():
        if name not in LIBRARIES:
            raise InputError(f"--metrics: unknown metric {name!r}; known are {', '.join(LIBRARIES)}")
        if name not in configured:
            raise InputError(f"--metrics: {name} is set to null under metrics in the configuration")
    chosen = {name: settings for name, settings in configured.items() if names is None or name in names}
    if not chosen:
        raise InputError(f"metrics: none is chosen; give at least one of {', '.join(LIBRARIES)}")
    return chosen


def _load(name: str, settings: SentenceBert | BertScore, model: Model, computing: "Computing") -> dict[str, Metric]:
    """A section's metrics; any error of its libraries becomes the one line about the model."""
    try:
        if isinstance(settings, SentenceBert):
            from services.scorer import sentence_bert

            return sentence_bert.open_metrics(settings, model, computing)
        from services.scorer import bert_score_metric

        return bert_score_metric.open_metrics(settings, model, computing)
    except InputError:
        raise
    except Exception as error:  # a corrupt file can surface as almost any error of three libraries
        raise unloadable(_setting(name), model.name, str(error)) from error


def _setting(name: str) -> str:
    return f"metrics.{name}.model"

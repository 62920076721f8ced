"""Loads the metrics that are wanted, and only those: each brings libraries that take seconds to import."""

from collections.abc import Sequence
from importlib.metadata import version

from seep.errors import InputError
from seep.settings import BertScore, Metrics, SentenceBert
from services.scorer.models import Model, find_model, unloadable
from services.scorer.similarity import Metric

LIBRARIES = {"sentence_bert": "sentence-transformers", "bert_score": "bert-score"}


def load_metrics(metrics: Metrics, names: Sequence[str] | None = None) -> tuple[dict[str, Metric], dict[str, str]]:
    """The metrics called `names`, else all that are configured, and the provenance of their numbers.

    Raises InputError for a metric that is unknown, not configured, or whose model cannot be loaded.
    """
    chosen = _chosen(metrics, names)
    # All are found before any is loaded: a wrong name shows at once, not after another model's seconds.
    models = {name: find_model(_setting(name), settings.model) for name, settings in chosen.items()}
    loaded = {name: _load(name, settings, models[name]) for name, settings in chosen.items()}
    provenance = {name: source for name, (_, source) in loaded.items()}
    libraries = [LIBRARIES[name] for name in chosen] + ["torch", "transformers"]
    provenance["scorer_dtype"] = "float32"
    provenance["scorer_libraries"] = ", ".join(f"{library} {version(library)}" for library in sorted(libraries))
    return {name: metric for name, (metric, _) in loaded.items()}, provenance


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


def _load(name: str, settings: SentenceBert | BertScore, model: Model) -> tuple[Metric, str]:
    """A metric and what its numbers come from; any error of its libraries becomes the one line about the model."""
    source = f"{model.name}@{model.revision}"
    try:
        if isinstance(settings, SentenceBert):
            from services.scorer import sentence_bert

            return sentence_bert.load(model.location), source
        from services.scorer import bert_score_metric

        metric, layer = bert_score_metric.load(model.location, model.name, settings.layer)
        return metric, f"{source}/layer{layer}"
    except InputError:
        raise
    except ModuleNotFoundError as error:
        raise InputError(f"metrics.{name}: {error}; the extra seep[scorer] brings what it needs") from error
    except Exception as error:  # a corrupt file can surface as almost any error of three libraries
        raise unloadable(_setting(name), model.name, str(error)) from error


def _setting(name: str) -> str:
    return f"metrics.{name}.model"

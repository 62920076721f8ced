"""The metrics: how near a text is to a concept, and under which name each way of saying so is known.

A new kind is a settings class here, a member of Kind, and a function `open_metrics` in a module of the scorer
that is called `<kind>_metric`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from seep.settings.section import Section

MINILM = "sentence-transformers/all-MiniLM-L6-v2"

# With the environment's delimiter in it a name could not be given there.
MetricName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+([_-][a-z0-9]+)*$", max_length=40)]

KIND = "How similarities are computed. Needed in a section of another name than the kind."
MODEL = "A folder, a model in the cache, or one on a hub."
OVER = (
    "What a concept is compared with: an answer as one text, cut where the model reads no further, or each of its "
    "sentences, of which the nearest counts."
)

MEAN = "mean"
"""Stands where a metric does in comparisons: the mean of a test's scores under all metrics. No metric is called so."""

# What every run's provenance says of a metric stands under the metric's place in seep.yaml.
PROVENANCE = "metrics."


STRETCHED = "/baseline"
"""What stands in a metric's provenance, before its numbers, where its similarities are stretched from a baseline."""


def provenance_key(name: str) -> str:
    """Under which the provenance says what a section's metrics are computed by."""
    return PROVENANCE + name


def is_provenance_of_a_metric(key: str) -> bool:
    """Whether a key of a provenance is one that `provenance_key` gives."""
    return key.startswith(PROVENANCE)


class MetricSection(Section):
    """What all kinds of metric have: a model, and the Python distribution that computes with it."""

    library: ClassVar[str]

    kind: str
    model: str
    over: Literal["text", "sentences"] = Field("text", description=OVER)

    def names(self, section: str) -> Sequence[str]:
        """The metrics that a section of this name makes."""
        return (section,)


class SentenceBert(MetricSection):
    """Sentence-BERT: cosine of two sentence embeddings."""

    library = "sentence-transformers"

    kind: Literal["sentence_bert"] = Field("sentence_bert", description=KIND)
    model: str = Field(MINILM, description=MODEL)


class BertScore(MetricSection):
    """BERTScore: greedy token matching.

    Each score is a metric of its own. In the section `bert_score`, F1 is called `bert_score`; precision and recall are
    `bert_score_precision` and `bert_score_recall`. F1 is 0 where precision and recall have opposite signs.
    """

    library = "bert-score"

    kind: Literal["bert_score"] = Field("bert_score", description=KIND)
    model: str = Field("distilbert-base-uncased", description=MODEL)
    layer: int | None = Field(
        None, ge=1, description="The layer that is read. The library's choice for the model if empty, else the last."
    )
    scores: tuple[Literal["f1", "precision", "recall"], ...] = Field(
        ("f1",), min_length=1, description="The scores that are computed."
    )
    # Not FilePath: services that do not score read the same configuration where the file is not.
    baseline: Path | None = Field(
        None, description="A baseline file of the bert_score library's form; scores are stretched from its values to 1."
    )

    def names(self, section: str) -> Sequence[str]:
        """A metric per score."""
        return tuple(self.names_by_score(section).values())

    def names_by_score(self, section: str) -> Mapping[str, str]:
        """The metric of each configured score."""
        return {score: section if score == "f1" else f"{section}_{score}" for score in self.scores}


Kind = SentenceBert | BertScore
KINDS = [kind.model_fields["kind"].default for kind in get_args(Kind)]
AnyMetric = Annotated[Kind, Field(discriminator="kind")]


class Metrics(Section):
    """The metrics that a scorer computes; a section that is set to null is left out.

    A section of any other name says its `kind`, so that two metrics of one kind can have different models.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[MetricName, AnyMetric | None]

    sentence_bert: SentenceBert | None = SentenceBert()
    bert_score: BertScore | None = BertScore()

    @model_validator(mode="before")
    @classmethod
    def _kinds_are_said(cls, sections: Any) -> Any:
        for name, section in sections.items() if isinstance(sections, dict) else ():
            if name not in cls.model_fields and isinstance(section, dict) and "kind" not in section:
                kinds = ", ".join(KINDS)
                raise ValueError(f"{name}: expected a kind, one of {kinds}; only sections of these names need none")
        return sections

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        if not self.model_extra:
            return self
        # Not above: it reads the suites of all probes, which is a fifth of the time of a short command.
        from seep.probes import own_metrics

        for name, count in Counter([*self.names(), *own_metrics(), MEAN]).items():
            if count > 1:
                raise ValueError(f"two metrics would be called {name!r}")
        return self

    def known(self) -> Sequence[str]:
        """The names of all sections, also of those that are left out."""
        return [name for name, _ in self]

    def sections(self) -> Mapping[str, MetricSection]:
        """The sections that are not left out, by name."""
        return {name: section for name, section in self if section is not None}

    def names(self) -> Sequence[str]:
        """The metrics of all sections."""
        return [name for section, settings in self.sections().items() for name in settings.names(section)]

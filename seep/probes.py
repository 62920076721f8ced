"""The kinds of leakage: of each probe all that is to be known wherever suites are read, sent and shown.

How answers become outcomes is registered in `services/scorer/probes.py`, under the same names.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from seep.languages import LANGUAGE_METRICS
from seep.recall import VERBATIM
from seep.records import AnswerPart
from seep.suites import position, recall_rules, sway, traces_rules
from seep.suites.notes import Rule, concepts_not_in_their_prompt, jobs_without_neutral
from seep.suites.position import PositionSuite
from seep.suites.recall import RecallSuite
from seep.suites.schema import AnySuite, LanguageSuite, Suite
from seep.suites.sway import SwaySuite
from seep.suites.traces import TracesSuite
from seep.traces import LENS

TEXT: frozenset[AnswerPart] = frozenset({"text"})


@dataclass(frozen=True)
class Probe:
    """A probe whose headline is the measure `leak`, as every probe's is.

    `meaning` says in one sentence what its rate is, as it stands under tables; empty where the table says it.
    A probe that `compares` does so under the configured metrics. Any other asks for no similarity, loads no model, and
    names its `metrics` itself. One that `needs_control` refuses a job without.
    `rules` are those of lint that are for its suites alone.
    """

    suite: type[AnySuite]
    meaning: str = ""
    compares: bool = False
    needs_control: bool = False
    metrics: Sequence[str] = ()
    needs: frozenset[AnswerPart] = TEXT
    rules: Sequence[Rule] = ()


DEFAULT_PROBE = "semantic"
PROBES: dict[str, Probe] = {
    DEFAULT_PROBE: Probe(
        Suite,
        compares=True,
        needs_control=True,
        rules=(concepts_not_in_their_prompt, jobs_without_neutral),
    ),
    "language": Probe(
        LanguageSuite,
        meaning="A rate is the share of answers to a directive (before >) that are in a language (after >).",
        metrics=LANGUAGE_METRICS,
    ),
    "position": Probe(
        PositionSuite,
        meaning="A rate is the share of answers that choose the option at a place; without bias each of n has 1/n.",
        metrics=(position.METRIC,),
        rules=position.RULES,
    ),
    "sway": Probe(
        SwaySuite,
        meaning="A rate is how often a nudge moves a decision towards what it names; 50 % is no sway, less is away.",
        needs_control=True,
        metrics=(sway.METRIC,),
        rules=sway.RULES,
    ),
    "recall": Probe(
        RecallSuite,
        meaning="A rate is the share of answers that give the expected text back word for word; 0 % is no recall.",
        metrics=(VERBATIM,),
        rules=recall_rules.RULES,
    ),
    "traces": Probe(
        TracesSuite,
        meaning="A rate is the share of the tokens read in a difference of activations that are words of a topic.",
        needs_control=True,
        metrics=(LENS,),
        needs=frozenset({"reading"}),
        rules=traces_rules.RULES,
    ),
}
"""By name."""


def own_metrics() -> tuple[str, ...]:
    """The metrics that are a probe's own, and no section of the configuration."""
    return tuple(dict.fromkeys(metric for probe in PROBES.values() for metric in probe.metrics))

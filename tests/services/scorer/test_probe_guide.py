"""The probe that the guide for new probes makes is one that the registries take, and it scores as the guide says."""

import re
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from seep.probes import Probe
from seep.suites.schema import AnySuite, Job, not_empty
from services.scorer.mode import PUBLISHED
from services.scorer.probes import Scoring
from tests.services.scorer.fakes import MakeJob

GUIDE = Path("docs/development/add-a-probe.md")
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
# What the file of the suite imports, which the guide leaves to the reader.
IMPORTS = {found.__name__: found for found in (AnySuite, Job, not_empty, Field, AfterValidator)}
TYPING = {"Annotated": Annotated, "Literal": Literal}


def test_the_probe_of_the_guide_scores_as_it_says(make_job: MakeJob) -> None:
    suite, entry, outcomes, scoring = BLOCK.findall(GUIDE.read_text(encoding="utf-8"))
    names: dict[str, Any] = {"__name__": __name__, **IMPORTS, **TYPING, "Probe": Probe, "Scoring": Scoring}
    exec(suite, names)
    [(name, probe)] = eval(f"{{{entry}}}", names).items()
    names[name] = ModuleType(name)
    exec(outcomes, vars(names[name]))
    [(scored, found)] = eval(f"{{{scoring}}}", names).items()

    assert (scored, probe.suite.__name__) == (name, "MarkerSuite")
    job = make_job([("acme", ["Ask ACME.", "Ask them.", ""])], ["-"] * 3, probe=name)
    rated, compared = found.score(job, {}, PUBLISHED, {})
    assert [(outcome.metric, outcome.measure, outcome.value) for outcome in rated] == [
        *(("exact", "leak", value) for value in (1.0, 0.0, 0.0))
    ]
    assert compared == []
    assert {outcome.metric for outcome in rated} == set(probe.metrics)
    assert found.provenance(job.job, {}, PUBLISHED) == {"scoring": "exact text"}

"""The language probe: is an answer in the language that its directive asks for, or in which other one?"""

from collections.abc import Mapping

from seep.languages import OTHER, spill_categories
from seep.records import GeneratedJob, Outcome
from services.scorer.detection import detect_language, detectors, langdetect_guess

PARITY_METRIC = "langdetect"
METRIC = "consensus"


def judge(generated: GeneratedJob, parity: bool) -> list[Outcome]:
    """Per answer an outcome in each category `<directive>><detected>` of its directive: 1 for what is detected, else 0.

    The mean of a category is then the cell of the contamination matrix. With `parity` the language is langdetect's
    first guess, as in the published matrix; else `detect_language` finds it, and it may be unknown.
    """
    metric, detect = (PARITY_METRIC, langdetect_guess) if parity else (METRIC, detect_language)
    directives = {test.category for test in generated.job.tests}
    outcomes: list[Outcome] = []
    for test, answers in zip(generated.job.tests, generated.tests, strict=True):
        categories = spill_categories(test.category, directives)
        for sample, answer in enumerate(answers):
            detected = detect(answer.text)
            counted = detected if detected in categories else OTHER
            outcomes += [
                Outcome(metric, "leak", category, test.id, sample, float(language == counted))
                for language, category in categories.items()
            ]
    return outcomes


def provenance(parity: bool) -> Mapping[str, str]:
    """By what the languages were told."""
    return {"detectors": detectors(), "scoring": "parity" if parity else "consensus of the detectors"}

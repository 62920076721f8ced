"""The language probe: is an answer in the language that its directive asks for, or in which other one?"""

from collections.abc import Collection

from seep.answers import lost
from seep.languages import LANGUAGES, OTHER, spill_categories
from seep.outcomes import Outcome
from seep.records import GeneratedJob, PromptJob
from services.scorer.mode import Detector


def defect(job: PromptJob) -> str | None:
    """Why answers to this job cannot be told by language; None where they can.

    Each answer has an outcome for each language that the job asks for: of thousands of names that are none there would
    be as many as fill the memory.
    """
    unknown = next((test.category for test in job.tests if test.category not in LANGUAGES), None)
    return None if unknown is None else f"the language probe knows no language {unknown[:20]!r}; it takes codes, as en"


def score(generated: GeneratedJob, detector: Detector) -> list[Outcome]:
    """Per answer an outcome in each category `<directive>><detected>` of its directive: 1 for what is detected, else 0.

    The mean of a category is then the cell of the contamination matrix. A lost answer is in no language: in each of
    these categories it has one outcome alone, 1 by the name of the reason.
    """
    directives = {test.category for test in generated.job.tests}
    outcomes: list[Outcome] = []
    for test, answers in zip(generated.job.tests, generated.tests, strict=True):
        categories = spill_categories(test.category, directives)
        for sample, answer in enumerate(answers):
            reason = lost(answer)
            values = dict.fromkeys(categories, 1.0) if reason else _shares(detector.detect(answer.text), categories)
            outcomes += [
                Outcome(detector.metric, reason or "leak", categories[language], test.id, sample, value)
                for language, value in values.items()
            ]
    return outcomes


def _shares(detected: str, languages: Collection[str]) -> dict[str, float]:
    counted = detected if detected in languages else OTHER
    return {language: float(language == counted) for language in languages}

"""The language probe: is an answer in the language that its directive asks for, or in which other one?"""

from seep.languages import OTHER, spill_categories
from seep.records import GeneratedJob, Outcome
from services.scorer.mode import Detector


def score(generated: GeneratedJob, detector: Detector) -> list[Outcome]:
    """Per answer an outcome in each category `<directive>><detected>` of its directive: 1 for what is detected, else 0.

    The mean of a category is then the cell of the contamination matrix.
    """
    directives = {test.category for test in generated.job.tests}
    outcomes: list[Outcome] = []
    for test, answers in zip(generated.job.tests, generated.tests, strict=True):
        categories = spill_categories(test.category, directives)
        for sample, answer in enumerate(answers):
            detected = detector.detect(answer.text)
            counted = detected if detected in categories else OTHER
            outcomes += [
                Outcome(detector.metric, "leak", category, test.id, sample, float(language == counted))
                for language, category in categories.items()
            ]
    return outcomes

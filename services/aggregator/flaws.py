"""What makes a message impossible to record, so that it goes to the dead letters and not into a rate."""

import math

from seep.records import Failure, Outcome, RunManifest, ScoredJob, Similarity
from services.aggregator.dead import is_identifier


def flaw(message: ScoredJob | RunManifest) -> Failure | None:
    """Why a message can never be recorded, whatever is retried; None where it can."""
    if isinstance(message, RunManifest):
        return None if is_identifier(message.run) else Failure("the run's id is empty or too long")
    prompts = message.generated.prompts
    if not (is_identifier(prompts.run) and is_identifier(prompts.job)):
        return Failure("the run's or the job's id is empty or too long")
    reason = _flaw_of_answers(message) or _flaw_of_outcomes(message)
    return Failure(reason) if reason else None


def _flaw_of_answers(scored: ScoredJob) -> str | None:
    generated = scored.generated
    if len(generated.tests) != len(generated.prompts.tests):
        return f"{len(generated.prompts.tests)} tests, but answers to {len(generated.tests)}"
    control = () if generated.prompts.control is None else (generated.control,)
    samples = {len(answers) for answers in (*control, *generated.tests)}
    if samples != {generated.prompts.samples}:
        return f"expected {generated.prompts.samples} answers to every prompt, found {sorted(samples)}"
    return None


def _flaw_of_outcomes(scored: ScoredJob) -> str | None:
    prompts = scored.generated.prompts
    known = {test.id for test in prompts.tests}
    if len(known) != len(prompts.tests):
        return "two tests of the job have one id"
    findings: tuple[Outcome | Similarity, ...] = (*scored.outcomes, *scored.similarities)
    if any(finding.test not in known for finding in findings):
        return "an outcome names a test that the job does not have"
    if any(not 0 <= finding.sample < prompts.samples for finding in findings):
        return f"an outcome names a sample outside 0 to {prompts.samples - 1}"
    if not all(0 <= outcome.value <= 1 for outcome in scored.outcomes):
        return "an outcome's value is outside 0 to 1"
    if not all(math.isfinite(pair.to_test) and math.isfinite(pair.to_control) for pair in scored.similarities):
        return "a similarity is not a finite number"
    keys = {(of.metric, of.measure, of.category, of.test, of.sample) for of in scored.outcomes}
    return None if len(keys) == len(scored.outcomes) else "an outcome is there twice"

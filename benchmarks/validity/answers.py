"""Runs drawn from published answers: five to each prompt and to each control, scored in every pair."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seep.settings import Scoring, load_settings
from seep.suites.workbook import read_workbook
from services.scorer.loading import load_metrics
from services.scorer.semantic import leak_score

Floats = NDArray[np.float64]
Scores = list[Floats]
"""Of each job the leak scores by test and sample."""


@dataclass(frozen=True)
class Answered:
    """One job: `scores` of every test's every answer against every answer to the control, and what its tests are."""

    scores: Floats
    categories: Sequence[str]
    concepts: Sequence[str]

    def only(self, tests: Sequence[int]) -> "Answered":
        """The same job with these of its tests."""
        return Answered(self.scores[tests], [self.categories[k] for k in tests], [self.concepts[k] for k in tests])


def all_scores(workbook: Path, metric: str = "sentence_bert") -> list[Answered]:
    """The jobs of a workbook, by one metric."""
    scoring = Scoring()
    [loaded] = load_metrics(load_settings().metrics, scoring, [metric])[0].values()
    suite, rows = read_workbook(workbook)
    answers = dict(rows)
    with_answers = [
        (test.concept, answers[prompt])
        for job in suite.jobs
        for test in job.tests
        for prompt in (test.prompt, job.control)
    ]
    pairs = list(dict.fromkeys((concept, answer) for concept, answers in with_answers for answer in answers))
    similar = dict(zip(pairs, loaded.exact(pairs), strict=True))
    jobs = []
    for job in suite.jobs:
        scores = [
            [
                [
                    leak_score(similar[test.concept, ours], similar[test.concept, theirs], scoring.tie_tolerance)
                    for theirs in answers[job.control]
                ]
                for ours in answers[test.prompt]
            ]
            for test in job.tests
        ]
        tests = job.tests
        jobs.append(Answered(np.array(scores), [test.category for test in tests], [test.concept for test in tests]))
    return jobs


def means(metrics: Sequence[Sequence[Answered]]) -> list[Answered]:
    """The mean of several metrics' scores of the same jobs."""
    return [
        Answered(np.mean([of_metric.scores for of_metric in job], axis=0), job[0].categories, job[0].concepts)
        for job in zip(*metrics, strict=True)
    ]


def suite_of(
    jobs: Sequence[Answered], count: int, tests: int, concepts: int, draw: np.random.Generator
) -> list[Answered]:
    """A suite of so many jobs of so many tests, each a published one cut down to some of so many concepts."""
    counts = Counter(concept for job in jobs for concept in job.concepts)
    often = sorted(concept for concept, count in counts.items() if count == max(counts.values()))
    kept = set(draw.permutation(often)[:concepts].tolist())
    usable = [(job, [k for k, concept in enumerate(job.concepts) if concept in kept]) for job in jobs]
    usable = [(job, fitting) for job, fitting in usable if len(fitting) >= tests]
    chosen = [usable[k] for k in draw.integers(len(usable), size=count)]
    return [job.only(draw.choice(fitting, tests, replace=False).tolist()) for job, fitting in chosen]


def redrawn(jobs: Sequence[Floats], samples: int, draw: np.random.Generator) -> Scores:
    """A run of so many samples, each test's and each job's control answers drawn from those recorded."""
    run = []
    for scores in jobs:
        tests, answers, controls = scores.shape
        ours, theirs = draw.integers(answers, size=(tests, samples)), draw.integers(controls, size=samples)
        run.append(scores[np.arange(tests)[:, None], ours, theirs[None, :]])
    return run

"""Hypothesis strategies for the records, for every law that speaks of any job."""

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from seep.job_limits import MOST_TOKENS
from seep.records import (
    Answer,
    Decoding,
    Estimate,
    GeneratedJob,
    LeakRate,
    OutcomeSeries,
    PromptFormat,
    PromptJob,
    PromptTest,
    Reading,
    RunManifest,
    ScoredJob,
    SimilaritySeries,
    TokenScores,
)

# UTF-8 cannot carry lone surrogates.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
names = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=40)
finite = st.floats(allow_nan=False, allow_infinity=False)
shares = st.floats(0, 1)
counts = st.integers(0, 2**32 - 1)
provenances = st.dictionaries(names, texts, max_size=4)


def lists_of(element: st.SearchStrategy[Any], size: int | None = None) -> st.SearchStrategy[tuple[Any, ...]]:
    """Tuples, of a fixed size where one is given."""
    smallest, largest = (0, 4) if size is None else (size, size)
    return st.lists(element, min_size=smallest, max_size=largest).map(tuple)


prompt_tests = st.builds(
    PromptTest,
    id=names,
    concept=texts,
    prompt=texts,
    category=texts,
    options=lists_of(texts),
    expected=texts,
    control=st.none() | texts,
)
decodings = st.builds(
    Decoding,
    temperature=st.floats(0, 5),
    top_p=st.floats(0, 1, exclude_min=True),
    max_tokens=st.integers(1, MOST_TOKENS),
    cut=st.sampled_from(["sentence", "none"]),
)
prompt_formats = st.builds(PromptFormat, kind=st.sampled_from(["chat", "plain"]), system=texts, user=texts)
prompt_jobs = st.builds(
    PromptJob,
    run_id=names,
    job_id=names,
    target=names,
    suite=names,
    suite_version=texts,
    suite_hash=names,
    probe=names,
    language=texts,
    cluster=st.sampled_from(["job", "sample"]),
    prompt_format=prompt_formats,
    decoding=decodings,
    samples=st.integers(1, 5),
    control=st.none() | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30),
    neutral=st.none() | texts,
    tests=lists_of(prompt_tests),
    rule=provenances,
    against=st.sampled_from(["control", "neutral"]),
    system=st.none() | texts,
    documents=lists_of(texts),
).filter(lambda job: job.control is not None or job.tests)


token_scores = st.integers(0, 4).flatmap(
    lambda length: st.builds(
        TokenScores, tokens=lists_of(texts, length), log_probabilities=lists_of(st.floats(max_value=0), length)
    )
)
# Half of them plain: a job has dozens, and each field costs a draw.
answers = texts.map(Answer) | st.builds(
    Answer,
    text=texts,
    ended=st.sampled_from(["stop", "length", "refusal", "filtered", "tool_call", "no_content"]),
    reasoning=texts,
    model=texts,
    inside=st.none()
    | token_scores
    | st.builds(
        Reading,
        tokens=lists_of(texts),
        probabilities=lists_of(finite),
        values=st.dictionaries(texts, finite, max_size=3),
    ),
)


@st.composite
def generated_jobs(draw: st.DrawFn) -> GeneratedJob:
    """Jobs with as many answers per prompt as they ask for."""
    prompts = draw(prompt_jobs)
    by_sample = lists_of(answers, prompts.samples)
    return GeneratedJob(
        job=prompts,
        control=() if prompts.control is None else draw(by_sample),
        neutral=() if prompts.neutral is None else draw(by_sample),
        tests=draw(lists_of(by_sample, len(prompts.tests))),
        provenance=draw(provenances),
        test_controls=draw(lists_of(by_sample, len(prompts.tests)) | st.just(())),
    )


def _with_columns(names: st.SearchStrategy[Any], values: st.SearchStrategy[float]) -> st.SearchStrategy[Any]:
    """Series of these names with places and values, of which there are as many."""
    pairs = st.dictionaries(counts, values, max_size=4).map(lambda found: zip(*sorted(found.items()), strict=True))
    columns = pairs.map(tuple).map(lambda found: found or ((), ()))
    return st.builds(lambda series, found: replace(series, places=found[0], values=found[1]), names, columns)


outcomes = _with_columns(
    st.builds(OutcomeSeries, metric=names, measure=names, category=texts, places=st.just(()), values=st.just(())),
    shares,
)
similarities = _with_columns(
    st.builds(
        SimilaritySeries,
        metric=names,
        arm=st.sampled_from(["test", "control", "neutral"]),
        places=st.just(()),
        values=st.just(()),
    ),
    finite,
)
scored_jobs = st.builds(
    ScoredJob,
    generated=generated_jobs(),
    outcomes=lists_of(outcomes),
    similarities=lists_of(similarities),
    provenance=provenances,
)
manifests = st.builds(
    RunManifest,
    run_id=names,
    target=names,
    suite=names,
    suite_version=texts,
    suite_hash=names,
    probe=names,
    cluster=st.sampled_from(["job", "sample"]),
    samples=counts,
    job_count=st.integers(1, 2**32 - 1),
    job_checksums=st.lists(st.integers(0, 2**32 - 1), max_size=3).map(tuple),
    labels=st.lists(texts, max_size=3).map(tuple),
    expected_comparisons=st.dictionaries(texts, counts, max_size=4),
    created_at=finite,
    monitor=texts,
    cancelled=st.booleans(),
    reason=texts,
    sending=st.booleans(),
)
rates = st.builds(
    LeakRate,
    run_id=names,
    suite=names,
    target=names,
    probe=names,
    metric=names,
    category=names,
    rate=st.none() | finite,
    low=st.none() | finite,
    high=st.none() | finite,
    comparisons=counts,
    clusters=counts,
    ties=counts,
    echoes=counts,
    missing=counts,
    provenance=provenances,
    mixed=st.booleans(),
    measures=st.dictionaries(names, st.builds(Estimate, share=finite, low=finite, high=finite, n=counts), max_size=4),
    kappa=st.dictionaries(names, finite, max_size=2),
)

"""Reports of seeded runs: safe to open anywhere, within their sizes, and plain about what was refused."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest

from cli.reports.gathering import Report, gather
from cli.reports.html import as_html, once_more
from cli.reports.junit import as_junit
from cli.reports.markdown import LONGEST, MARK, as_markdown
from seep.errors import InputError
from seep.settings import Settings
from services.api.ui import words
from tests import seeded
from tests.stored import Stored

RUNS = ["large", "hostile", "partial"]


@pytest.fixture
def report(store: Stored) -> Iterator[Report]:
    """Of three runs against a baseline: one like others, one of hostile answers, one that is not finished."""
    at = time.time()
    seeded.record_run(store, "small", 0.8, at, target="small")
    seeded.record_run(store, "large", 0.6, at, target="large")
    seeded.record_run(store, "hostile", 0.7, at, target="hostile", hostile=True)
    seeded.record_run(store, "partial", 0.7, at, recorded=4)
    store.set_baseline("before", ["small"])
    with store.snapshot() as connection:
        with pytest.raises(InputError, match="--baseline nothing"):
            gather(connection, Settings(), RUNS, "nothing")
        yield gather(connection, Settings(), RUNS, "before")


def test_a_report_is_safe_small_and_says_what_was_refused(report: Report) -> None:
    page = as_html(report, texts=True)
    assert len(page.encode()) < 300_000
    assert "default-src 'none'" in page
    for outside in ("href=", "src=", "<script", "<img", "@import", "url("):
        assert outside not in page
    assert "Not compared." in page
    assert "still running" in page
    assert "How to read it" in page
    assert page.index("work 1, side by side") < page.index("<td>large</td>") < page.index("<h1>large</h1>")

    comment = as_markdown(report, texts=True)
    assert comment.startswith(MARK)
    assert len(comment) < LONGEST
    assert "**Not compared.**" in comment

    root = ElementTree.fromstring(as_junit(report))
    suites = {suite.get("name"): suite for suite in root}
    refused = suites["partial against before"]
    assert (refused.get("errors"), refused.get("failures")) == ("1", "0")
    verdicts = [cell.verdict for cell in report.runs[0].comparison.cells] if report.runs[0].comparison else []
    assert suites["large against before"].get("skipped") == str(verdicts.count("inconclusive"))

    for without in (as_html(report, texts=False), as_markdown(report, texts=False)):
        assert "school bus driver" not in without
        assert "alert(" not in without


def test_a_test_that_moved_shows_an_answer_that_leaks_and_one_that_does_not(report: Report) -> None:
    of_metric: Any = report.runs[0].shown["flips"]
    ((counts, rows),) = of_metric
    # With two answers a side each mean is 0, 50 or 100 %, so that one side leaks more often than not, and one less.
    leaks = [tuple(side.outcomes[counts.metric]["leak"] for side in (row.before, row.after)) for row in rows]
    assert leaks == [(1.0, 0.0) if row.flip.was > row.flip.now else (0.0, 1.0) for row in rows]


def test_a_comment_says_what_moved_as_the_page_does(report: Report) -> None:
    of_metric: Any = report.runs[0].shown["flips"]
    ((counts, rows),) = of_metric
    page, comment = as_html(report, texts=True), as_markdown(report, texts=True)
    assert report.runs[0].comparison
    for said in (words.moved(counts, report.runs[0].comparison.verdict), *(words.was_and_is(row.flip) for row in rows)):
        assert said in page
        assert said in comment


@pytest.mark.parametrize(
    ("facts", "command"),
    [
        ({"suite": "colours", "target": "assistant"}, "seep run colours --target assistant"),
        ({"suite": "own", "target": "assistant"}, "seep run own.yaml --target assistant"),
        (
            {"suite": "own", "provenance": {"engine": "recorded", "model": "on friday.jsonl"}},
            "seep run own.yaml --recorded 'on friday.jsonl'",
        ),
        ({"suite": "own", "monitor": "daily", "target": "assistant"}, "seep push --monitor daily"),
    ],
)
def test_a_report_says_how_the_same_is_asked_again(report: Report, facts: dict[str, Any], command: str) -> None:
    run = replace(report.runs[0].run, **{"monitor": "", "provenance": {}, **facts})
    assert once_more(run, None) == [command]
    assert once_more(run, "before") == [command, "seep compare latest --baseline before"]

"""What the model said: test and control side by side, with what the metrics made of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query, Request, status
from fastapi.responses import HTMLResponse

from results.runs import RunSummary
from results.storage import comparisons
from results.storage import rates as kept_rates
from results.storage.comparisons import Only
from results.storage.database import Connection
from results.sums import LEAK, Comparison
from seep.errors import InputError
from services.api.comparisons import Cursor, cursor_of, place_of
from services.api.parameters import Name, Results, StalledAfter, known_run
from services.api.ui.marking import ALONE, IN_A_LIST, Part, marked, shortened
from services.api.ui.rendering import page, query
from services.api.ui.runs import Filter

router = APIRouter()

ON_A_PAGE = 10
# To put all comparisons of a run in another order, all of them are read.
MOST_TO_ORDER = 50_000
OnlyOrAny = Annotated[Only | Literal[""] | None, Query()]


@dataclass(frozen=True)
class Text:
    """A prompt or an answer as it is shown: in parts, and how many characters are left out."""

    parts: Sequence[Part]
    left_out: int


@dataclass(frozen=True)
class Sample:
    """A comparison as it is shown, with the link that leads to it alone."""

    comparison: Comparison
    texts: Mapping[str, Text]
    link: str


@router.get("/runs/{run_id}/samples")
def samples(
    request: Request,
    database: Results,
    stalled_after: StalledAfter,
    run_id: Name,
    category: Filter = None,
    metric: Filter = None,
    only: OnlyOrAny = None,
    concept: Filter = None,
    text: Filter = None,
    order: Annotated[Literal["", "margin"], Query()] = "",
    after: Cursor | None = None,
    start: Annotated[int, Query(ge=0, le=MOST_TO_ORDER)] = 0,
) -> HTMLResponse:
    """A page of a run's comparisons; the filters stand in the URL."""
    given = {"category": category, "metric": metric, "only": only, "concept": concept, "text": text, "order": order}
    filters = {name: value or None for name, value in given.items()}
    with database.snapshot() as connection:
        run = known_run(connection, run_id, stalled_after)
        rates = kept_rates.of_run(connection, run_id)
        metrics = list(dict.fromkeys(rate.metric for rate in rates))
        if order:
            _refuse_too_many(run)
            filters["metric"] = filters["metric"] or next(iter(metrics), None)
        found = _found(connection, run_id, filters, after, start if order else None)
    shown = found[:ON_A_PAGE]
    more = {"start": start + ON_A_PAGE} if order else {"after": cursor_of(shown[-1])} if shown else {}
    return page(
        request,
        "samples.html",
        run=run,
        samples=[_sample(each, IN_A_LIST) for each in shown],
        metrics=metrics,
        categories=list(dict.fromkeys(rate.category for rate in rates if rate.category != "all")),
        filters=filters,
        next=query(**filters, **more) if len(found) > ON_A_PAGE else None,
        first=query(**filters) if after or start else None,
    )


@router.get("/runs/{run_id}/sample")
def sample(
    request: Request,
    database: Results,
    stalled_after: StalledAfter,
    run_id: Name,
    job: Name,
    test: Name,
    category: Name,
    number: Annotated[int, Query(ge=0, lt=2**63)] = 0,
) -> HTMLResponse:
    """One comparison, with the other samples of its test."""
    with database.snapshot() as connection:
        run = known_run(connection, run_id, stalled_after)
        others = comparisons.page(connection, run_id, category, limit=50, job=job, test=test)
        found = [each for each in others if each.sample == number]
        if not found:
            found = comparisons.page(connection, run_id, category, limit=1, job=job, test=test, sample=number)
    if not found:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "there is no such sample, or its texts are deleted")
    shown = _sample(found[0], ALONE)
    return page(request, "sample.html", run=run, sample=shown, others=[(each, link_to(each)) for each in others])


def link_to(comparison: Comparison) -> str:
    """The query that leads to one comparison."""
    named = {"job": comparison.job_id, "test": comparison.test, "category": comparison.category}
    return query(**named, number=str(comparison.sample))


def sides(comparison: Comparison, limit: int) -> dict[str, Text]:
    """The texts of a comparison by what they are, so many characters of each; words that differ are marked."""
    test, left = shortened(comparison.generation, limit)
    control, control_left = shortened(comparison.control_generation, limit)
    neutral, neutral_left = shortened(comparison.neutral_generation, limit)
    return {
        "generation": Text(marked(test, neutral or control, comparison.concept), left),
        "control_generation": Text(marked(control, "", comparison.concept), control_left),
        "neutral_generation": Text(marked(neutral, "", comparison.concept), neutral_left),
        **{
            name: _plain(getattr(comparison, name), limit)
            for arm in ("", "control_", "neutral_")
            for name in (f"{arm}prompt", f"{arm}reasoning")
        },
    }


def _plain(text: str, limit: int) -> Text:
    shown, left = shortened(text, limit)
    return Text([(shown, "")], left)


def _sample(comparison: Comparison, limit: int) -> Sample:
    return Sample(comparison, sides(comparison, limit), link_to(comparison))


def _found(
    connection: Connection, run_id: str, filters: Mapping[str, str | None], after: str | None, start: int | None
) -> list[Comparison]:
    only: Only | None = filters["only"]  # type: ignore[assignment]  # the parameter takes nothing else
    return comparisons.page(
        connection,
        run_id,
        filters["category"],
        filters["metric"],
        only,
        ON_A_PAGE + 1,
        concept=filters["concept"],
        text=filters["text"],
        after=place_of(after) if after and start is None else None,
        by_margin_from=start,
    )


def _refuse_too_many(run: RunSummary) -> None:
    if (run.comparisons or 0) > MOST_TO_ORDER:
        raise InputError(f"order: this run has more than {MOST_TO_ORDER} comparisons; filter by category instead")


def leaks(comparison: Comparison) -> dict[str, float]:
    """The leak score of each metric that has one."""
    return {metric: measures[LEAK] for metric, measures in comparison.outcomes.items() if LEAK in measures}

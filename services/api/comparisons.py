"""A run's comparisons, page by page: what the model said, and how it was scored."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, StringConstraints, TypeAdapter, ValidationError

from results.storage.comparisons import Only, page
from results.sums import Comparison, Place
from seep.errors import InputError
from services.api.parameters import NOT_FOUND, Limit, Name, Results, StalledAfter, known_run

router = APIRouter(prefix="/runs/{run_id}/comparisons", tags=["comparisons"])

# Three names of 500 characters, each of which may take six in JSON, a third more in base64, and the sample's number.
Cursor = Annotated[str, StringConstraints(min_length=1, max_length=12_100, pattern=r"^[A-Za-z0-9_=-]+$")]
PLACE: TypeAdapter[tuple[int, str, str, str]] = TypeAdapter(
    tuple[Annotated[int, Field(ge=0, lt=2**63)], Name, Name, Annotated[str, Field(pattern=r"^[^\x00]*$")]]
)


class ComparisonsPage(BaseModel):
    """Comparisons in a fixed order; `next` is the `after` of the next page.

    What was recorded before `texts_deleted_at` (Unix time in seconds) has been deleted with its texts.
    """

    comparisons: list[Comparison]
    next: str | None
    texts_deleted_at: float | None


@router.get("", responses=NOT_FOUND)
def list_comparisons(
    database: Results,
    stalled_after: StalledAfter,
    run_id: Name,
    category: Name | None = None,
    metric: Annotated[Name | None, Query(description="Only what this metric scored, and as it did.")] = None,
    only: Annotated[
        Only | None, Query(description="Those that leak, tie, were lost, echo or are empty, under `metric` or any.")
    ] = None,
    test: Annotated[Name | None, Query(description="Only those of the test with this id.")] = None,
    concept: Annotated[Name | None, Query(description="Only those of this concept.")] = None,
    job: Annotated[Name | None, Query(description="Only those of the job with this id.")] = None,
    text: Annotated[Name | None, Query(description="Part of a prompt or an answer.")] = None,
    after: Annotated[Cursor | None, Query(description="`next` of the page before.")] = None,
    limit: Limit = 50,
) -> ComparisonsPage:
    """Comparisons with prompts, generations, outcomes and similarities."""
    place = place_of(after) if after else None
    with database.snapshot() as connection:
        summary = known_run(connection, run_id, stalled_after)
        found = page(
            *(connection, run_id, category, metric, only, limit + 1),
            test=test,
            concept=concept,
            job=job,
            text=text,
            after=place,
        )
    return ComparisonsPage(
        comparisons=found[:limit],
        next=cursor_of(found[limit - 1]) if len(found) > limit else None,
        texts_deleted_at=summary.texts_deleted_at,
    )


def cursor_of(comparison: Comparison) -> str:
    """A comparison's place as text that stands in a URL."""
    place = (comparison.sample, comparison.job_id, comparison.test, comparison.category)
    return urlsafe_b64encode(PLACE.dump_json(place)).decode()


def place_of(cursor: str) -> Place:
    """The place that a cursor names; raises InputError for what is none."""
    try:
        return Place(*PLACE.validate_json(urlsafe_b64decode(cursor.encode())))
    except (ValueError, ValidationError) as error:
        raise InputError("after: expected `next` of the page before") from error

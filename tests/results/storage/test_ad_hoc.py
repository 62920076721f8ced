"""What is shown of a comparison that somebody asks for."""

from collections.abc import Callable

from results.storage.ad_hoc import ad_hoc, shown
from results.sums import LEAK
from seep.records import RunManifest, ScoredJob
from tests.stored import Stored

Scored = Callable[..., ScoredJob]
Manifest = Callable[..., RunManifest]


def test_the_answer_before_is_one_that_shows_the_flip_whichever_run_of_the_reference_has_it(
    store: Stored, scored: Scored, manifest: Manifest
) -> None:
    for run_id, leak in {"one": 1.0, "two": 0.0, "three": 0.0, "now": 1.0}.items():
        store.record([scored("j", {"1": [leak]}, run_id=run_id)], [], [manifest(1, {"1": 1}, run_id=run_id)])
    reference = ["one", "two", "three"]
    with store.snapshot() as connection:
        found = ad_hoc(connection, "now", reference, 3600)
        [flip] = shown(connection, found.flips[0], "now", reference)
    assert (round(flip.flip.was, 2), flip.flip.now) == (0.33, 1.0)
    assert flip.before is not None
    assert flip.after is not None
    leaks = [each.outcomes[found.flips[0].metric][LEAK] for each in (flip.before, flip.after)]
    assert leaks == [0.0, 1.0]

"""A run is mixed if its jobs differ, or if one of them does within itself."""

from collections.abc import Mapping, Sequence

import pytest

from seep.provenance import is_mixed


@pytest.mark.parametrize(
    ("provenances", "mixed"),
    [
        ([], False),
        ([{"model": "m"}], False),
        ([{"answered_by": "m-1"}, {"answered_by": "m-2"}], True),
        ([{"model": "m", "answered_by": "m-1"}, {"model": "m"}], False),
        ([{"model": "m", "answered_by": "m-1"}, {"model": "n"}], True),
        # Every job was answered by both, so that no two jobs differ.
        ([{"answered_by": "m-1 | m-2", "mixed": "answered_by"}], True),
    ],
)
def test_a_run_is_mixed(provenances: Sequence[Mapping[str, str]], mixed: bool) -> None:
    assert is_mixed(provenances) is mixed

"""Which files' tests stay in one process where several run side by side.

Those that load the same costly things, which each process would else load again: vLLM and what it imports take 10 s of
a processor, an embedder with its libraries 6 s, and the letters of all languages 9 s. And in the long form of the tests
under faults those that together take less than its half hour.
"""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatch

from xdist.scheduler import LoadFileScheduling

# By what they load, as patterns of node ids. The longest are first, so that nobody waits for them at the end.
GROUPS = {
    "vLLM": (
        "tests/calibration/*",
        "tests/cli/commands/test_run_models.py*",
        "tests/cli/commands/test_traces.py*",
        "tests/end_to_end/test_known_truth.py*",
        "tests/services/generator/activations/*",
        "tests/services/generator/test_activations_backend.py*",
        "tests/services/generator/test_real_model.py*",
        "tests/services/generator/test_vllm_*",
    ),
    "embedders and detectors of languages": (
        "tests/cli/commands/test_language_matrix.py*",
        "tests/docs/*",
        "tests/end_to_end/test_published_*",
        "tests/services/scorer/*",
        "tests/test_own_suites.py*",
    ),
}
# The five processes of the long form of the tests under faults, so that none has more than half an hour of it.
# Else xdist would have a file wait behind the hundred thousand runs, which take all of the time.
LONG_FAULTS = {
    "distinct runs": ("tests/faults/test_distinct_runs.py*",),
    "deaths at each step, and poison": (
        "tests/faults/test_killed_at_each_step.py*",
        "tests/faults/test_poison.py*",
    ),
    "replicas": ("tests/faults/test_replicas.py*", "tests/faults/test_services.py*"),
    "load, and random kills": ("tests/faults/test_load.py*", "tests/faults/test_random_kills.py*"),
    "broker and database": (
        "tests/faults/test_access.py*",
        "tests/faults/test_broker.py*",
        "tests/faults/test_database.py*",
        "tests/faults/test_three_brokers.py*",
    ),
}


def group_of(nodeid: str, groups: Mapping[str, Sequence[str]] = GROUPS) -> str | None:
    """The group of a test, if it is of one."""
    return next((name for name, patterns in groups.items() if any(fnmatch(nodeid, each) for each in patterns)), None)


def rank_of(nodeid: str) -> int:
    """Where a test stands in the order: the groups first."""
    group = group_of(nodeid)
    return len(GROUPS) if group is None else list(GROUPS).index(group)


class KeptTogether(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives each process whole files, and one process all files of a group."""

    def _split_scope(self, nodeid: str) -> str:
        groups = LONG_FAULTS if self.config.getoption("--long", False) else GROUPS
        return group_of(nodeid, groups) or super()._split_scope(nodeid)

"""Finds what arguments and options name; raises InputError where there is no such thing."""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from cli.rendering.output import counted
from results.baselines import Baseline
from results.runs import RunSummary
from results.storage import baselines, runs
from results.storage.database import Connection
from seep.errors import InputError
from seep.run_ids import LATEST_RUN
from seep.settings import Monitor, Settings

SUITES = Path("suites")
# Beside this package, in a checkout and where it is installed.
BUILT_IN_SUITES = Path(__file__).resolve().parents[1] / SUITES


LATEST = re.compile(rf"{LATEST_RUN}(?:~(?P<back>[0-9]{{1,4}}))?")
MOST_LISTED = 5


def find_run(connection: Connection, name: str, settings: Settings) -> RunSummary:
    """The summary of the run in the database that a RUN argument means. Raises InputError if there is none."""
    summary = runs.one(connection, find_run_id(connection, name), settings.aggregation.stalled_after_seconds)
    if summary is None:
        raise InputError(_no_such_run(name))
    return summary


def find_run_id(connection: Connection, name: str) -> str:
    """The id that a RUN argument means: the id itself, the beginning of one, `latest`, or `latest~N`, the N-th before.

    Raises InputError if there is no such run, or more than one.
    """
    back = LATEST.fullmatch(name)
    if back:
        newest = runs.ids_that_begin(connection, "", int(back["back"] or 0) + 1)
        if len(newest) <= int(back["back"] or 0):
            there_are = f"there are {counted(len(newest), 'run')}" if newest else "there are no runs yet"
            raise InputError(f"run {name}: {there_are}; `seep runs` lists them")
        return newest[-1]
    found = runs.ids_that_begin(connection, name, MOST_LISTED + 1)
    if found[:1] == [name]:
        return name
    if (run_id := one_that_begins(found, name)) is None:
        raise InputError(_no_such_run(name))
    return run_id


def one_that_begins(run_ids: Sequence[str], name: str) -> str | None:
    """The only id that begins so, if there is one; raises InputError where there are several."""
    # A variable that is not set begins every id.
    found = [run_id for run_id in run_ids if name and run_id.startswith(name)]
    if len(found) > 1:
        listed = ", ".join(found[:MOST_LISTED]) + (", ..." if len(found) > MOST_LISTED else "")
        raise InputError(f"run {name}: several runs begin so: {listed}")
    return found[0] if found else None


def _no_such_run(name: str) -> str:
    return f"run {name}: there is no such run; `seep runs` lists them"


def find_baseline(connection: Connection, name: str) -> Baseline:
    """The baseline of this name."""
    found = baselines.one(connection, name)
    if found is None:
        raise InputError(f"baseline {name}: there is no such baseline; `seep baseline list` shows them")
    return found


def unset_baselines(connection: Connection, monitors: Mapping[str, Monitor]) -> list[str]:
    """A line for each of the monitors whose baseline nobody has named yet."""
    # Not above: what it imports takes longer than finding a run.
    from results.monitor_status import not_set

    wanted = {name: monitor.baseline for name, monitor in monitors.items() if monitor.baseline is not None}
    unset = {name: each for name, each in wanted.items() if baselines.one(connection, each) is None}
    return [f"monitor {name}: {not_set(each)}; its runs are kept, and none is tested" for name, each in unset.items()]


def find_suite(argument: str) -> Path:
    """The file that a SUITE argument means: a path, or the name of a file in suites/ or of a suite that Seep brings."""
    named = f"{argument}.yaml"
    for path in (Path(argument), SUITES / named, BUILT_IN_SUITES / named):
        if path.is_file():
            return path
    known = sorted(path.stem for path in BUILT_IN_SUITES.glob("*.yaml"))
    own = sorted(path.stem for path in SUITES.glob("*.yaml"))
    close = get_close_matches(Path(argument).stem, [*known, *own], n=1)
    meant = f"; did you mean {close[0]}?" if close else ""
    expected = f"expected a YAML file, or the name of one in {SUITES}/ or of these: {', '.join(known)}"
    raise InputError(f"suite {argument}: {expected}{meant}")


def suites_folder() -> Path:
    """The folder of the suites that go by their names: this folder's own, else Seep's."""
    return SUITES if SUITES.is_dir() else BUILT_IN_SUITES


def check_monitor(settings: Settings, monitor: str) -> None:
    """Refuses a monitor that the configuration does not name."""
    if monitor not in settings.monitors:
        known = ", ".join(sorted(settings.monitors)) or "none"
        raise InputError(f"--monitor {monitor}: there is no such monitor in the configuration; known: {known}")


def check_target(settings: Settings, target: str) -> None:
    """Refuses a target that the configuration does not name."""
    if target not in settings.targets:
        known = ", ".join(sorted(settings.targets)) or "none"
        raise InputError(f"--target {target}: there is no such target in the configuration; known: {known}")

"""The command that shows how the configured monitors stand."""

from dataclasses import asdict

from cli.arguments import JsonOption
from cli.database import open_database
from cli.rendering.consoles import wide_console
from cli.rendering.output import DataTable, echo, echo_json
from results.monitor_status import MonitorStatus
from results.storage.monitors import monitor_statuses
from seep.errors import InputError
from seep.settings import load_settings


def monitors(as_json: JsonOption = False) -> None:
    """Show how the monitors stand: their newest runs, the evidence of a change, and what makes it doubtful.

    A monitor alarms if its e-value is 20 or more and its last five runs differ from the baseline by `alarm_points`.
    """
    settings = load_settings()
    if not settings.monitors:
        raise InputError("monitors: none is configured")
    with open_database(settings) as database, database.snapshot() as connection:
        stalled_after = settings.aggregation.stalled_after_seconds
        found = monitor_statuses(connection, settings.monitors, settings.scheduling, stalled_after)
    if as_json:
        echo_json([asdict(status) for status in found])
        return
    table = DataTable("monitor", "newest run", "e-value", "alarm", "from baseline", "autocorrelation")
    for status in found:
        table.add_row(status.monitor, status.finished.run_id if status.finished else "", *_evidence(status))
    wide_console().print(table)
    for status in found:
        for line in [*([status.unevaluated] if status.unevaluated else []), *status.warnings]:
            echo(f"{status.monitor}: {line}")


def _evidence(status: MonitorStatus) -> tuple[str, str, str, str]:
    tested = status.tested
    if tested is None:
        return "", "", "", ""
    difference = "" if tested.difference is None else f"{tested.difference:+.1f}"
    likeness = "" if tested.autocorrelation is None else f"{tested.autocorrelation:.2f}"
    return f"{tested.e_value or 0:.3g}", "yes" if tested.alarm else "no", difference, likeness

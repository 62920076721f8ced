"""The command that shows how the configured monitors stand."""

from dataclasses import asdict
from datetime import UTC, datetime

from cli.arguments import JsonOption
from cli.database import open_database
from cli.rendering.monitors import next_time, print_monitor
from cli.rendering.output import echo_json
from results.rates import ALL
from results.storage import rates
from results.storage.monitors import monitor_statuses
from seep.errors import InputError
from seep.settings import load_settings


def monitors(as_json: JsonOption = False) -> None:
    """Show how each monitor stands: its rate, its alarm, its next run, and what is missing.

    A monitor alarms if its e-value is 20 or more and its last five runs differ from the baseline by `alarm_points`.
    Exit code 0, also where there is an alarm.
    """
    settings = load_settings()
    if not settings.monitors:
        raise InputError("monitors: none is configured; docs/guides/watch-an-endpoint.md says how")
    with open_database(settings) as database, database.snapshot() as connection:
        stalled_after = settings.aggregation.stalled_after_seconds
        statuses = monitor_statuses(connection, settings.monitors, settings.scheduling, stalled_after)
        found = {
            status.monitor: [rate for rate in rates.of_run(connection, status.finished.run_id) if rate.category == ALL]
            for status in statuses
            if status.finished
        }
    now = datetime.now(UTC)
    if as_json:
        shown = [
            asdict(status) | {"rates": found.get(status.monitor, []), "next": next_time(status, now)}
            for status in statuses
        ]
        echo_json(shown, default=asdict)
        return
    for status in statuses:
        print_monitor(status, settings.monitors[status.monitor].baseline, found.get(status.monitor, []), now)

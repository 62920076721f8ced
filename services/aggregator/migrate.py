"""Migrates the schema as a process: `python -m services.aggregator.migrate`, where nothing else runs yet."""

import argparse

from results.storage.migrate import migrate
from seep.errors import InputError
from seep.runtime.service import run_service, service_arguments, wait_for
from seep.runtime.stopping import stop_on_signals
from seep.settings import Settings


def main(arguments: argparse.Namespace, settings: Settings) -> bool:
    """Migrates the configured database as soon as it answers; safe to run again. Raises InputError where none is."""
    dsn = settings.database.resolved_dsn()
    if dsn is None:
        raise InputError("database.dsn: there is no PostgreSQL to migrate; set SEEP_DATABASE__DSN or database.dsn_file")
    wait_for(lambda: migrate(dsn), stop_on_signals())
    return True


if __name__ == "__main__":
    run_service(main, service_arguments(__doc__ or ""))

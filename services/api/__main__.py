"""The API as a process: `python -m services.api`. It needs to read the database, and nothing else."""

if __name__ == "__main__":  # before the imports that take seconds
    from seep.runtime.stopping import end_on_signals

    end_on_signals()

import argparse
import gc
import logging
import socket

from results.storage.database import Database, exposure
from seep.errors import InputError
from seep.runtime.http_server import http_server
from seep.runtime.service import open_health, run_service, service_arguments, warn
from seep.runtime.stopping import stop_on_signals
from seep.settings import Api, Settings
from services.api.application import application

log = logging.getLogger(__name__)

# All that wait for a lock, or for a server that hangs, give their threads back after that. A readiness probe waits for
# five seconds, and is to hear no instead of nothing.
STATEMENT_SECONDS = 4.0
# Each may hold what it sends of a request: a head, or a body of 64 KiB, and what was read with it.
CONNECTIONS = 256


def main(arguments: argparse.Namespace, settings: Settings) -> bool:
    """Serves until stopped."""
    dsn = settings.database.resolved_dsn()
    if dsn is None:
        raise InputError("database.dsn: the API needs a PostgreSQL; set SEEP_DATABASE__DSN or database.dsn_file")
    warn(exposure(dsn))
    stop_on_signals()  # uvicorn stops at a signal, and then raises it once more
    listener = _listener(settings.api)
    with Database(dsn, STATEMENT_SECONDS) as database:
        app = application(database, settings)
        health = open_health(settings)
        health.ready = app.state.ready
        log.info("api serves metrics on port %d", health.port)
        log.info("api serves http on port %d", listener.getsockname()[1])
        if settings.api.resolved_token() is None:
            log.warning("api.token is not configured: whoever reaches the port may read everything")
        # What is there now stays: looking through it for garbage again and again would hold up the answers.
        gc.freeze()
        # A comparison makes tens of thousands of objects, and nearly none is garbage that only a search would find.
        gc.set_threshold(50_000, 20, 20)
        http_server(app, connections=CONNECTIONS).run(sockets=[listener])
    return True


def _listener(options: Api) -> socket.socket:
    try:
        return socket.create_server((options.host, options.port))
    except OSError as error:
        raise InputError(f"api.port: cannot listen on {options.host}:{options.port}: {error.strerror}") from error


if __name__ == "__main__":
    run_service(main, service_arguments(__doc__ or ""))

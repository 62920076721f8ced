"""The command that serves the pages on this machine."""

import socket
from typing import Annotated

import typer

from cli.database import announce_database, open_database
from cli.rendering.output import echo
from seep.errors import InputError
from seep.runtime.stopping import stop_on_signals
from seep.settings import Settings, load_settings

# A browser holds half a dozen.
CONNECTIONS = 64
HOST = "127.0.0.1"


def ui(
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port on this machine; 0 takes a free one.")] = 8010,
) -> None:
    """Show runs, monitors and samples in a browser, until Ctrl-C; needs no broker and no service.

    Only this machine can reach it. It shows the results of `seep run` and, if database.dsn is set, of the services.
    """
    settings = load_settings()
    listener = _listener(port)
    with listener, open_database(settings) as database:
        # Not above: other commands do without the web framework.
        from seep.runtime.http_server import http_server
        from services.api.application import application

        announce_database(settings)
        server = http_server(application(database, _local(settings)), connections=CONNECTIONS)
        echo(f"http://{HOST}:{listener.getsockname()[1]}/ui  (Ctrl-C stops)")
        stop_on_signals()  # the server stops at a signal, and then raises it once more
        server.run(sockets=[listener])


def _local(settings: Settings) -> Settings:
    """The settings without what a proxy in front of the API needs: here is none."""
    here = {"host": HOST, "root_path": "", "trusted_proxies": (), "user_header": None}
    return settings.model_copy(update={"api": settings.api.model_copy(update=here)})


def _listener(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        raise InputError(
            f"--port {port}: cannot listen on {HOST}: {error.strerror}; --port 0 takes a free one"
        ) from error

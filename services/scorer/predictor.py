"""The scorer as a KServe predictor, over HTTP and gRPC, for a score ad hoc; requests are as `kserve_model` says."""

import argparse
import asyncio
import logging
import socket
import sys
from typing import TYPE_CHECKING

from seep.errors import InputError
from seep.runtime.http_server import http_server
from seep.runtime.service import run_service, service_arguments
from seep.runtime.stopping import loading, stop_on_signals
from seep.settings import Predictor, Settings
from services.scorer.loading import load_metrics

if TYPE_CHECKING:
    from services.scorer.kserve_http import Plane

log = logging.getLogger(__name__)

# Each may hold a body of several MB.
CONNECTIONS = 32
GRACE_SECONDS = 10.0


def main(arguments: argparse.Namespace, settings: Settings) -> bool:
    """Serves until stopped."""
    # At its import kserve reads the command line, and takes --config for an option of its own.
    sys.argv = sys.argv[:1]
    from services.scorer.kserve_http import Plane
    from services.scorer.kserve_model import ScorerModel

    stop = stop_on_signals()
    with loading(stop):
        # A similarity that somebody looks at is to be exact; only leak scores are the same in half the precision.
        metrics, _ = load_metrics(settings.metrics, settings.scoring.model_copy(update={"dtype": "float32"}))
        model = ScorerModel(metrics, settings.predictor.max_pairs)
    asyncio.run(_serve(Plane(model), settings.predictor))
    return True


async def _serve(plane: "Plane", options: Predictor) -> None:
    from services.scorer.kserve_grpc import grpc_server
    from services.scorer.kserve_http import http_application

    listener = http_listener(options)
    grpc = grpc_server(plane, options.host, options.grpc_port)
    await grpc.start()
    log.info("predictor serves http on port %d, grpc on port %d", options.http_port, options.grpc_port)
    # Until a signal, which uvicorn takes, and then raises once more.
    await http_server(http_application(plane), connections=CONNECTIONS).serve(sockets=[listener])
    await grpc.stop(GRACE_SECONDS)


def http_listener(options: Predictor) -> socket.socket:
    """The socket of HTTP; raises InputError if the port is taken."""
    try:
        return socket.create_server((options.host, options.http_port))
    except OSError as error:
        place = f"{options.host}:{options.http_port}"
        raise InputError(f"predictor.http_port: cannot listen on {place}: {error.strerror}") from error


if __name__ == "__main__":
    run_service(main, service_arguments(__doc__ or ""))

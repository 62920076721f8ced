"""The scorer as a KServe predictor, over HTTP and gRPC, for a score ad hoc; requests are as `kserve_model` says."""

import argparse
import sys

from seep.runtime.service import run_service, service_arguments
from seep.settings import Settings
from services.scorer.loading import load_metrics


def main(arguments: argparse.Namespace, settings: Settings) -> bool:
    """Serves until stopped by a signal, which kserve's server takes itself."""
    # At its import kserve reads the command line, and takes --config for an option of its own.
    sys.argv = sys.argv[:1]
    from kserve import ModelServer
    from kserve.model_server import app

    from services.scorer.kserve_model import ScorerModel, limit_and_explain

    # A similarity that somebody looks at is to be exact; only leak scores are the same in half the precision.
    metrics, _ = load_metrics(settings.metrics, settings.scoring.model_copy(update={"dtype": "float32"}))
    limit_and_explain(app)
    ports = settings.predictor
    # More workers would be more processes, each with the models in its memory.
    server = ModelServer(http_port=ports.http_port, grpc_port=ports.grpc_port, workers=1, enable_grpc=True)
    server.start([ScorerModel(metrics, ports.max_pairs)])
    return True


if __name__ == "__main__":
    run_service(main, service_arguments(__doc__ or ""))

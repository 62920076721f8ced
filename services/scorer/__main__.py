"""The scorer as a process: generated jobs in, scored jobs out."""

if __name__ == "__main__":  # before the imports that take seconds
    from seep.runtime.stopping import end_on_signals

    end_on_signals()

import argparse
from collections.abc import Sequence

from seep.codec import decode_generated_job, encode_scored_job
from seep.kafka.client import KafkaBroker
from seep.kafka.topics import GENERATIONS, SCORES
from seep.records import Failure, GeneratedJob, ScoredJob
from seep.runtime.service import open_health, run_service, serve_stage, service_arguments
from seep.runtime.stage import Stage
from seep.runtime.stopping import loading, stop_on_signals
from seep.settings import Settings
from services.scorer.canary import Canary, watch
from services.scorer.loading import load_metrics
from services.scorer.mode import configured_mode
from services.scorer.scoring import score_jobs

GROUP = "seep-scorer"


def main(arguments: argparse.Namespace, settings: Settings) -> bool:
    """Serves until stopped; see `serve_stage`."""
    stop = stop_on_signals()
    health = open_health(settings)
    # A scorer without a metric serves the probes that compare nothing.
    mode = configured_mode(settings.scoring)
    with loading(stop):
        metrics, provenance = (
            load_metrics(settings.metrics, settings.scoring) if settings.metrics.sections() else ({}, {})
        )
        canary = Canary(metrics)
    watch(canary)

    def handle(jobs: Sequence[GeneratedJob]) -> list[ScoredJob | Failure]:
        return score_jobs(jobs, metrics, mode, {**provenance, "canary": canary.verdict()})

    stage = Stage("scorer", SCORES, decode_generated_job, handle, encode_scored_job, lambda job: job.job)
    sound = canary.is_sound
    broker = KafkaBroker(settings.kafka)
    return serve_stage(
        broker, settings.worker, stage, topics=[GENERATIONS], group=GROUP, stop=stop, health=health, ready=sound
    )


if __name__ == "__main__":
    run_service(main, service_arguments(__doc__ or ""))

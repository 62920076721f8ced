"""The generator as a process: one engine, and one topic for each of its targets."""

if __name__ == "__main__":  # before the imports that take seconds
    from seep.runtime.stopping import end_on_signals

    end_on_signals()

import argparse
from collections.abc import Sequence

from seep.codec import decode_prompt_job, encode_generated_job
from seep.errors import InputError, Unavailable
from seep.kafka.client import KafkaBroker
from seep.kafka.topics import GENERATIONS, jobs_topic
from seep.records import Failure, GeneratedJob, PromptJob
from seep.runtime.service import open_health, run_service, serve_stage, service_arguments
from seep.runtime.stage import Stage
from seep.runtime.stopping import loading, stop_on_signals
from seep.settings import OpenAiEngine, Settings
from services.generator.engines import engine_named, open_backend
from services.generator.generating import generate_jobs


def main(arguments: argparse.Namespace, settings: Settings) -> bool:
    """Serves until stopped; see `serve_stage`."""
    name: str = arguments.engine
    engine = engine_named(settings, name)
    targets = {key: target for key, target in settings.targets.items() if target.engine == name}
    if not targets:
        raise InputError(f"targets: no target names the engine {name!r}, so there is nothing to serve")
    stop = stop_on_signals()
    health = open_health(settings)
    with loading(stop):
        backend = open_backend(engine, f"engines.{name}", targets)

    def handle(jobs: Sequence[PromptJob]) -> list[GeneratedJob | Failure | Unavailable]:
        return generate_jobs(jobs, backend, targets)

    stage = Stage("generator", GENERATIONS, decode_prompt_job, handle, encode_generated_job, lambda job: job)
    topics = [jobs_topic(target) for target in sorted(targets)]
    # A model in this process answers all its targets in one batch; an endpoint's targets wait for nothing in common.
    apart = isinstance(engine, OpenAiEngine)
    broker = KafkaBroker(settings.kafka)
    return serve_stage(
        broker, settings.worker, stage, topics=topics, group=group_of(name), stop=stop, health=health, apart=apart
    )


def group_of(engine: str) -> str:
    """The consumer group of an engine's processes; the chart's autoscaling names it too."""
    return f"seep-generator-{engine}"


if __name__ == "__main__":
    parser = service_arguments(__doc__ or "")
    parser.add_argument("--engine", required=True, help="the engine of seep.yaml that this process hosts")
    run_service(main, parser)

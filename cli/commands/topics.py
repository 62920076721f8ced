"""The command that creates the topics."""

import typer

from seep.kafka.client import create_topics
from seep.kafka.topics import topic_configs
from seep.settings import load_settings

topics_app = typer.Typer(help="Create the topics.", no_args_is_help=True)


@topics_app.callback()
def _topics() -> None:
    """Create the topics."""


@topics_app.command("apply")
def apply_topics() -> None:
    """Create the topics, and give those that are there the partitions and retention configured; safe to run again."""
    settings = load_settings()
    configs = topic_configs(settings.targets, settings.kafka.topics)
    created = create_topics(settings.kafka, configs)
    for name in sorted(configs):
        typer.echo(f"{name}: {'created' if name in created else 'was there'}")

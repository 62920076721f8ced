"""The command that creates the topics."""

import typer

from cli.broker import open_broker
from cli.rendering.output import echo
from seep.kafka.topics import configured_topics
from seep.settings import load_settings

topics_app = typer.Typer(help="Create the topics.", no_args_is_help=True)


@topics_app.callback()
def _topics() -> None:
    """Create the topics."""


@topics_app.command("apply")
def apply_topics(context: typer.Context) -> None:
    """Create the topics, and give existing ones the partitions and retention configured; safe to run again."""
    settings = load_settings()
    configs = configured_topics(settings)
    created = open_broker(context, settings).create_topics(configs)
    for name in sorted(configs):
        echo(f"{name}: {'created' if name in created else 'was there'}")

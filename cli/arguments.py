"""Arguments and options that several commands share, so that they read the same everywhere."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from seep.job_limits import MOST_SAMPLES

SUITE_HELP = "A YAML file, or the name of one in suites/ or of a suite that Seep brings."

RUN_HELP = "The run's id, its beginning, `latest`, or `latest~1` for the one before that."

RunArgument = Annotated[str, typer.Argument(help=RUN_HELP, metavar="RUN")]
RunsArgument = Annotated[
    list[str],
    typer.Argument(help=f"{RUN_HELP} Several are seeds of one condition, and are pooled.", metavar="RUN..."),
]
SuiteArgument = Annotated[str, typer.Argument(help=SUITE_HELP, metavar="SUITE")]
TargetOption = Annotated[str | None, typer.Option(help="The target of seep.yaml that is to answer.")]
SamplesOption = Annotated[
    int | None, typer.Option(min=1, max=MOST_SAMPLES, help="Generations per prompt, instead of the suite's.")
]
LabelOption = Annotated[
    list[str] | None, typer.Option(help="What `seep runs --label` finds it by. May be given again.", metavar="TEXT")
]
MetricsOption = Annotated[str | None, typer.Option(help="Metrics by name, as sentence_bert,bert_score.")]
PoolOption = Annotated[
    list[str] | None, typer.Option(help="Categories to pool, as 1,2. May be given again.", metavar="CATEGORIES")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]

WHO = "Who answers"
MODEL_HELP = "A folder, or a name on the model hub, for vLLM; with --endpoint, the server's. May be given again."

Models = Annotated[list[str] | None, typer.Option(help=MODEL_HELP, rich_help_panel=WHO)]
EndpointUrl = Annotated[
    str | None, typer.Option(help="A server with OpenAI's API, as http://localhost:8000/v1.", rich_help_panel=WHO)
]
KeyVariable = Annotated[
    str | None, typer.Option(help="The environment variable with the endpoint's key.", rich_help_panel=WHO)
]
Targets = Annotated[
    list[str] | None, typer.Option(help="A target of seep.yaml. May be given again.", rich_help_panel=WHO)
]
Recorded = Annotated[Path | None, typer.Option(help="A file of recorded answers.", rich_help_panel=WHO)]


def pools_of(given: Sequence[str] | None) -> list[tuple[str, ...]]:
    """The pools that a PoolOption names, each of its categories."""
    return [tuple(part.strip() for part in text.split(",")) for text in given or ()]

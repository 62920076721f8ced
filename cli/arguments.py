"""Arguments and options that several commands share, so that they read the same everywhere."""

from typing import Annotated

import typer

from seep.job_limits import MOST_SAMPLES

SUITE_HELP = "A YAML file, or the name of one in suites/ or of a suite that Seep brings."

RUN_HELP = "The run's id, its beginning, `latest`, or `latest~1` for the one before that."

RunArgument = Annotated[str, typer.Argument(help=RUN_HELP, metavar="RUN")]
SuiteArgument = Annotated[str, typer.Argument(help=SUITE_HELP, metavar="SUITE")]
TargetOption = Annotated[str | None, typer.Option(help="The target of seep.yaml that is to answer.")]
SamplesOption = Annotated[
    int | None, typer.Option(min=1, max=MOST_SAMPLES, help="Generations per prompt, instead of the suite's.")
]
MetricsOption = Annotated[str | None, typer.Option(help="Metrics by name, as sentence_bert,bert_score.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]

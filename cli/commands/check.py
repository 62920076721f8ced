"""The command that tries whether a model answers, before a run is spent on it."""

from dataclasses import replace
from typing import Annotated

import typer

from cli import exit_codes
from cli.answering import Answering, Choice, who_answers
from cli.arguments import EndpointUrl, KeyVariable, Models, Recorded, Targets
from cli.lookups import find_suite
from cli.rendering.output import echo
from seep.answers import Lost, lost
from seep.errors import InputError, Unavailable
from seep.records import Answer, Failure, GeneratedJob, PromptJob
from seep.settings import Settings, load_settings
from seep.suites.jobs import prompt_jobs
from seep.suites.loading import load_suite

SHOWN_CHARACTERS = 300
ADVICE: dict[Lost, str] = {
    "refused": "the model declines; a run counts that, and makes no rate of it",
    "filtered": "the target's filter leaves nothing of the answer; look at its `filter`",
    "unfinished": "the tokens ran out before any text: raise `max_tokens` of the target, or switch its reasoning off",
    "unanswered": "there is no text, or a tool call: see docs/guides/connect-an-endpoint.md",
    "unparsed": "it says none of the options",
}
CUT_SHORT = "it ends at the limit of tokens, as the suite wants; raise the target's `max_tokens` for whole sentences"
EMPTY = "the model ended its answer itself before the first word: does the target's `prompt_format` fit the model?"


def check(
    model: Models = None,
    endpoint: EndpointUrl = None,
    api_key_env: KeyVariable = None,
    target: Targets = None,
    recorded: Recorded = None,
    suite: Annotated[str, typer.Option(help="The suite whose first questions it is.")] = "colours-smoke",
) -> None:
    """Ask a model two questions of a suite, and show what came back and what to change.

    For example: seep check --endpoint http://localhost:8000/v1

    Exit code 0: both are answered; 4: one is not.
    """
    settings = load_settings()
    choice = Choice(tuple(target or ()), tuple(model or ()), endpoint, api_key_env, recorded)
    loaded = load_suite(find_suite(suite))
    complete = True
    for each in who_answers(settings, choice):
        job = next(iter(prompt_jobs(loaded, run_id="check", target=each.target)))
        first = replace(job, samples=1, neutral=None, tests=job.tests[:1])
        complete &= _show(each, _answered(settings, each, first))
    raise typer.Exit(exit_codes.OK if complete else exit_codes.NOT_MEASURED)


def _answered(settings: Settings, who: Answering, job: PromptJob) -> GeneratedJob:
    """The job with its answers; raises InputError and Unavailable where there are none."""
    from services.generator.engines import engine_named, open_backend
    from services.generator.generating import generate_jobs

    configured = who.configured(settings)
    targets = {who.target: configured.targets[who.target]}
    engine = targets[who.target].engine
    try:
        backend = open_backend(engine_named(configured, engine), f"engines.{engine}", targets)
        [result] = generate_jobs([job], backend, targets)
    except (InputError, Unavailable) as error:
        raise InputError(who.named(str(error))) from error
    if isinstance(result, Unavailable):
        raise result
    if isinstance(result, Failure):
        raise InputError(f"{who.label}: {result.reason}")
    return result


def _show(who: Answering, generated: GeneratedJob) -> bool:
    """Prints questions and answers; returns whether each is an answer."""
    echo(who.label)
    tests = zip(generated.job.tests, generated.tests, strict=True)
    pairs = [(generated.job.control, generated.control), *((test.prompt, answers) for test, answers in tests)]
    shown = [(prompt, answers[0]) for prompt, answers in pairs if prompt is not None]
    for prompt, answer in shown:
        _show_answer(prompt, answer)
    return all(lost(answer) is None for _, answer in shown)


def _show_answer(prompt: str, answer: Answer) -> None:
    echo(f"  question  {_shown(prompt)}")
    echo(f"  answer    {_shown(answer.text)}")
    details = [f"ended by {answer.ended}"]
    if answer.model:
        details.append(f"the server says that {answer.model} answered")
    if answer.reasoning:
        details.append(f"{len(answer.reasoning)} characters of reasoning were taken off")
    echo(f"            {'; '.join(details)}")
    advice = _advice(answer)
    if advice:
        echo(f"            -> {advice}")


def _advice(answer: Answer) -> str | None:
    why = lost(answer)
    if why is not None:
        return ADVICE[why]
    if not answer.text.strip():
        return EMPTY
    return CUT_SHORT if answer.ended == "length" else None


def _shown(text: str) -> str:
    short = text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]} ..."
    return f'"{short}"'

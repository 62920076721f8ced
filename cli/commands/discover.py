"""The command that finds the models which KServe serves in a cluster."""

import shutil
import subprocess
from typing import Annotated

import typer

from cli import exit_codes
from cli.kserve import INFERENCE, LLM, engines, sections, served
from cli.rendering.output import echo
from seep.errors import InputError, Unavailable

SECONDS = 60
# What kubectl says where the cluster does not know such objects.
UNKNOWN = "the server doesn't have a resource type"


def discover(
    label: Annotated[
        str | None, typer.Option(help="Only objects with this label, as team=search.", metavar="SELECTOR")
    ] = None,
    namespace: Annotated[str | None, typer.Option(help="Only in this namespace (default: in all).")] = None,
) -> None:
    """Find the language models that KServe serves, and print them as engines and targets of seep.yaml.

    For example: seep discover --label seep=watch > found.yaml

    It asks the cluster of your kubectl for InferenceServices and LLMInferenceServices. What cannot be asked is named on
    stderr, with why. Exit code 4 if there is no model.
    """
    if shutil.which("kubectl") is None:
        raise InputError("kubectl: expected on the PATH, but missing")
    printed = {resource: _objects(resource, label, namespace) for resource in (INFERENCE, LLM)}
    if all(text is None for text in printed.values()):
        raise InputError("the cluster knows no InferenceService and no LLMInferenceService: is KServe installed?")
    found = [each for resource, text in printed.items() if text is not None for each in served(text, resource)]
    for each in found:
        if each.why_not:
            echo(f"{each.place}: left out: {each.why_not}", err=True)
    named = engines(found)
    if not named:
        echo("no language model was found", err=True)
        raise typer.Exit(exit_codes.NOT_MEASURED)
    for line in sections(named):
        echo(line)


def _objects(resource: str, label: str | None, namespace: str | None) -> str | None:
    """What kubectl prints of them; None where the cluster does not know such objects."""
    where = ["--all-namespaces"] if namespace is None else [f"--namespace={namespace}"]
    chosen = [] if label is None else [f"--selector={label}"]
    command = ["kubectl", "get", resource, "--output=json", f"--request-timeout={SECONDS}s", *where, *chosen]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=2 * SECONDS)
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"kubectl get {resource}: no answer in {2 * SECONDS} seconds") from error
    if done.returncode == 0:
        return done.stdout
    if UNKNOWN in done.stderr:
        return None
    lines = done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"]
    raise Unavailable(f"kubectl get {resource}: {lines[-1]}")

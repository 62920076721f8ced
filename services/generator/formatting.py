"""How a prompt is put to a model: what the target sets over the suite's format, and the texts that come of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from seep.capabilities import system_problem
from seep.records import Failure, PromptFormat, PromptJob
from seep.settings import Target
from seep.settings.targets import PROMPT_PLACE, SYSTEM_PLACE


def effective_format(suite: PromptFormat, target: Target) -> PromptFormat | Failure:
    """The suite's format with what the target sets put over it.

    A plain format has a system message only where it names the place for it; a Failure where the target's has none.
    """
    system = suite.system if target.system is None else target.system
    if target.format is None:
        if suite.kind == "plain" and target.system:
            return Failure("the target sets a system message, and the suite's plain format has no place for one")
        return replace(suite, system=system)
    if target.format.kind == "chat":
        return PromptFormat("chat", system, target.format.user)
    return PromptFormat("plain", "", target.format.user.replace(SYSTEM_PLACE, system))


def job_format(job: PromptJob, target: Target) -> PromptFormat | Failure:
    """The format that the job's prompts are put in, with the job's own system message where it has one.

    A Failure where that message would not reach the model: what the job measures may stand in it.
    """
    if job.system is None:
        return effective_format(job.prompt_format, target)
    if problem := system_problem(job.prompt_format.kind, target):
        return Failure(problem)
    return effective_format(replace(job.prompt_format, system=job.system), target)


def described_format(job: PromptJob, prompt_format: PromptFormat, target: Target) -> PromptFormat:
    """The job's format as the run's provenance says it: alike for all its jobs, whatever their own system messages.

    The place's name stands where a job's own message stands, whose text is in the suite.
    """
    if job.system is None:
        return prompt_format
    described = effective_format(replace(job.prompt_format, system=SYSTEM_PLACE), target)
    return prompt_format if isinstance(described, Failure) else described


def plain_text(prompt_format: PromptFormat, prompt: str) -> str:
    """The text to be continued."""
    return prompt_format.user.replace(PROMPT_PLACE, prompt)


def chat_messages(prompt_format: PromptFormat, prompt: str) -> list[Mapping[str, str]]:
    """The messages of the chat, the last of which is to be answered."""
    user = {"role": "user", "content": plain_text(prompt_format, prompt)}
    return [{"role": "system", "content": prompt_format.system}, user] if prompt_format.system else [user]


def has_system(prompt_format: PromptFormat) -> bool:
    """Whether it is a chat with a system message."""
    return prompt_format.kind == "chat" and bool(prompt_format.system)


def fold_system(messages: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """The same chat without a system message: what it says stands before the user's own words, a line apart."""
    if len(messages) < 2 or messages[0]["role"] != "system":
        return list(messages)
    first = {**messages[1], "content": f"{messages[0]['content']}\n\n{messages[1]['content']}"}
    return [first, *messages[2:]]

"""How a prompt is put to a model: what the target sets over the suite's format, and the texts that come of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from seep.records import Failure, PromptFormat
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

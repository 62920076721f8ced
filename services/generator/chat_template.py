"""A model's own chat template: a program that may raise, or take no system message; knows no engine."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from seep.records import Failure
from seep.settings.engines import SystemRole
from services.generator.backend import Request
from services.generator.formatting import chat_messages, fold_system, has_system, plain_text
from services.generator.masking import Hidden, masked

# A template may drop what it has no place for, without a word.
LEFT_OUT = "it leaves the system message out"

log = logging.getLogger(__name__)


class Tokenizer(Protocol):
    """What is needed of a model's tokenizer."""

    chat_template: Any

    def apply_chat_template(self, conversation: Any, **options: Any) -> Any:
        """The chat as one text; it raises whatever the template raises."""
        ...


class ChatTemplate:
    """Puts requests as the model's template wants them, without a system message where it takes none."""

    def __init__(self, tokenizer: Tokenizer, system_role: SystemRole, setting: str) -> None:
        """`setting` is the engine's place in seep.yaml, for the log."""
        self._tokenizer = tokenizer
        self._setting = setting
        self._may_fold = system_role == "auto"
        self._folds = system_role == "user"

    def prompt_text(self, request: Request) -> str | Failure:
        """The text to be continued; a Failure where there is no template, or where it raises."""
        if request.prompt_format.kind == "plain":
            return plain_text(request.prompt_format, request.prompt)
        if not self._tokenizer.chat_template:
            return Failure("the prompt format is chat, and the model has no chat template")
        messages = chat_messages(request.prompt_format, request.prompt)
        try:
            return self._filled(fold_system(messages) if self._folds else messages, request)
        except Exception as error:  # a template is a program, and fails as it likes
            said = _said(error, request, messages)
            text = self._folded(request, messages, said)
            return Failure(f"the model's chat template refuses the messages: {said}") if text is None else text

    def provenance(self, request: Request) -> Mapping[str, str]:
        """That the system message stands before the user's, where it does."""
        return {"system_role": "user"} if self._folds and has_system(request.prompt_format) else {}

    def _filled(self, messages: Sequence[Mapping[str, str]], request: Request) -> str:
        effort = {"reasoning_effort": request.reasoning.effort} if request.reasoning.effort else {}
        facts = {**effort, **request.template_kwargs}
        options = {"tokenize": False, "add_generation_prompt": True, **facts}
        text = str(self._tokenizer.apply_chat_template(messages, **options))
        if messages[0]["role"] == "system" and messages[0]["content"].strip() not in text:
            raise ValueError(LEFT_OUT)
        return text

    def _folded(self, request: Request, messages: Sequence[Mapping[str, str]], said: str) -> str | None:
        """The text without a system message, if that is what the template refused; it stays so from then on."""
        if not self._may_fold or self._folds or not has_system(request.prompt_format) or request.system is not None:
            # A job's own system message is what it measures: what a user says in its place is another matter.
            return None
        try:
            text = self._filled(fold_system(messages), request)
        except Exception:  # it was not the system message
            return None
        self._folds = True
        log.warning(
            "%s: the model's chat template refuses a system message (%s). It stands before the user's from now on:"
            " system_role: user",
            self._setting,
            said,
        )
        return text


def _said(error: Exception, request: Request, messages: Sequence[Mapping[str, str]]) -> str:
    """What a template says, in one line; a prompt that it quotes is masked."""
    texts = tuple(message["content"] for message in messages)
    hidden = Hidden(texts=texts, words=(request.concept,) if request.concept else ())
    return masked(str(error), hidden) or type(error).__name__

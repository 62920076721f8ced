"""A chat goes through the model's own template, with its system message where the template takes one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import jinja2
import pytest

from seep.records import Failure, PromptFormat
from seep.settings import Reasoning
from seep.settings.engines import SystemRole
from services.generator.chat_template import ChatTemplate
from tests.services.generator.server_requests import REQUEST

ALL = "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}{% endfor %}"
NO_SYSTEM = "{% if messages[0]['role'] == 'system' %}{{ refuse('System role not supported') }}{% endif %}" + ALL
ALTERNATING = (
    "{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ refuse('Conversation roles must alternate') }}{% endif %}{% endfor %}" + ALL
)
LEAVES_OUT = "{% for m in messages if m['role'] == 'user' %}<user>{{ m['content'] }}{% endfor %}"
NEVER = "{{ refuse('no chat: ' + messages[-1]['content']) }}"


class Tokenizer:
    """Fills a template as transformers does, and says how often."""

    def __init__(self, template: str | None) -> None:
        self.chat_template = template
        self.filled = 0

    def apply_chat_template(self, conversation: Sequence[Mapping[str, str]], **options: object) -> str:
        def refuse(message: str) -> None:
            raise jinja2.TemplateError(message)

        self.filled += 1
        return str(jinja2.Template(self.chat_template or "").render(messages=conversation, refuse=refuse, **options))


def template_of(text: str | None, role: SystemRole = "auto") -> ChatTemplate:
    return ChatTemplate(Tokenizer(text), role, "engines.e")


@pytest.mark.parametrize("template", [NO_SYSTEM, ALTERNATING])
def test_a_system_message_that_the_template_refuses_stands_before_the_users(
    template: str, caplog: pytest.LogCaptureFixture
) -> None:
    chat = template_of(template)
    assert [chat.prompt_text(REQUEST) for _ in range(3)] == ["<user>Be brief.\n\nHe likes!"] * 3
    assert chat.provenance(REQUEST) == {"system_role": "user"}
    [record] = caplog.records
    assert record.getMessage().startswith("engines.e: the model's chat template refuses a system message (")


def test_once_it_is_known_the_template_is_filled_once() -> None:
    tokenizer = Tokenizer(NO_SYSTEM)
    chat = ChatTemplate(tokenizer, "auto", "engines.e")
    chat.prompt_text(REQUEST)
    chat.prompt_text(REQUEST)
    assert tokenizer.filled == 3


def test_a_template_that_takes_a_system_message_gets_it() -> None:
    chat = template_of(ALL)
    assert chat.prompt_text(REQUEST) == "<system>Be brief.<user>He likes!"
    assert chat.provenance(REQUEST) == {}


def test_the_role_can_be_set() -> None:
    assert template_of(ALL, "user").prompt_text(REQUEST) == "<user>Be brief.\n\nHe likes!"
    refused = template_of(NO_SYSTEM, "system").prompt_text(REQUEST)
    assert refused == Failure("the model's chat template refuses the messages: System role not supported")


def test_what_has_no_system_message_is_not_said_to_have_it_elsewhere() -> None:
    chat = template_of(NO_SYSTEM)
    chat.prompt_text(REQUEST)
    assert chat.provenance(replace(REQUEST, prompt_format=PromptFormat("chat"))) == {}
    assert chat.provenance(replace(REQUEST, prompt_format=PromptFormat("plain"))) == {}


def test_a_template_that_refuses_every_chat_is_the_requests_failure_without_its_words() -> None:
    refused = template_of(NEVER).prompt_text(REQUEST)
    assert refused == Failure("the model's chat template refuses the messages: no chat: [...]!")


def test_a_chat_without_a_template_is_the_requests_failure() -> None:
    assert isinstance(template_of(None).prompt_text(REQUEST), Failure)


def test_a_plain_text_needs_no_template() -> None:
    assert template_of(None).prompt_text(replace(REQUEST, prompt_format=PromptFormat("plain"))) == "He likes"


def test_a_template_is_given_what_the_target_says() -> None:
    request = replace(REQUEST, reasoning=Reasoning(effort="low"), template_kwargs={"thinks": True})
    assert template_of("{{ reasoning_effort }} {{ thinks }}").prompt_text(request) == "low True"


def test_a_template_that_leaves_the_system_message_out_without_a_word_is_found_out() -> None:
    chat = template_of(LEAVES_OUT)
    assert chat.prompt_text(REQUEST) == "<user>Be brief.\n\nHe likes!"
    assert chat.provenance(REQUEST) == {"system_role": "user"}
    refused = template_of(LEAVES_OUT, "system").prompt_text(REQUEST)
    assert refused == Failure("the model's chat template refuses the messages: it leaves the system message out")


@pytest.mark.parametrize("template", [NO_SYSTEM, LEAVES_OUT])
def test_a_jobs_own_system_message_is_never_put_into_the_users_unless_the_engine_says_so(template: str) -> None:
    own = replace(REQUEST, system="Be brief.")
    assert isinstance(template_of(template).prompt_text(own), Failure)
    assert template_of(template, "user").prompt_text(own) == "<user>Be brief.\n\nHe likes!"
    assert template_of(ALL).prompt_text(own) == "<system>Be brief.<user>He likes!"

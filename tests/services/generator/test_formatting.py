"""What a target sets goes over the suite's format, and a prompt is put whole, whatever braces it holds."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from seep.records import Failure, PromptFormat
from seep.settings import Target, TargetFormat
from services.generator.formatting import chat_messages, effective_format, fold_system, plain_text
from tests import strategies

PAPER = PromptFormat("chat", "Be brief.", "{prompt} {your_answer}\nYour answer:")


@given(strategies.prompt_formats)
def test_a_target_that_sets_nothing_asks_as_the_suite_does(suite: PromptFormat) -> None:
    assert effective_format(suite, Target(engine="e")) == suite


def test_a_system_message_goes_over_the_suites_and_an_empty_one_takes_it_away() -> None:
    other = effective_format(PAPER, Target(engine="e", system="Do not mention colours."))
    assert other == PromptFormat("chat", "Do not mention colours.", PAPER.user)
    none = effective_format(PAPER, Target(engine="e", system=""))
    assert isinstance(none, PromptFormat)
    assert [message["role"] for message in chat_messages(none, "p")] == ["user"]


def test_a_plain_template_names_the_fields_it_wants() -> None:
    template = TargetFormat(kind="plain", user="### {system}\n{prompt} {}\n###")
    filled = effective_format(PAPER, Target(engine="e", format=template))
    assert isinstance(filled, PromptFormat)
    assert plain_text(filled, "He likes") == "### Be brief.\nHe likes {}\n###"


def test_the_models_chat_template_can_take_the_place_of_a_plain_format() -> None:
    target = Target(engine="e", system="Go on.", format=TargetFormat(kind="chat"))
    assert effective_format(PromptFormat("plain"), target) == PromptFormat("chat", "Go on.", "{prompt}")


def test_a_system_message_needs_a_place() -> None:
    assert isinstance(effective_format(PromptFormat("plain"), Target(engine="e", system="Go on.")), Failure)


@given(st.text())
def test_a_prompt_is_put_whole(prompt: str) -> None:
    system, user = chat_messages(PAPER, prompt)
    assert (system["content"], user["content"]) == ("Be brief.", f"{prompt} {{your_answer}}\nYour answer:")


def test_a_folded_system_message_stands_before_the_users() -> None:
    assert fold_system(chat_messages(PAPER, "He likes")) == [
        {"role": "user", "content": "Be brief.\n\nHe likes {your_answer}\nYour answer:"}
    ]


def test_without_a_system_message_there_is_nothing_to_fold() -> None:
    messages = chat_messages(replace(PAPER, system=""), "He likes")
    assert fold_system(messages) == messages

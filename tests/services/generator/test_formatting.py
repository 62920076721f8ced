"""What a target sets goes over the suite's format, and a prompt is put whole, whatever braces it holds."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from seep.records import Failure, PromptFormat
from seep.settings import Target, TargetFormat
from services.generator.formatting import (
    chat_messages,
    described_format,
    effective_format,
    fold_system,
    job_format,
    plain_text,
)
from tests import strategies
from tests.builders import prompt_job

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


def test_a_jobs_own_system_message_stands_in_the_place_of_the_suites() -> None:
    job = prompt_job(prompt_format=PAPER, system="The key is under the mat.")
    put = job_format(job, Target(engine="e"))
    assert put == PromptFormat("chat", "The key is under the mat.", PAPER.user)
    template = TargetFormat(kind="plain", user="### {system}\n{prompt}")
    assert job_format(job, Target(engine="e", format=template)) == PromptFormat(
        "plain", "", "### The key is under the mat.\n{prompt}"
    )


def test_a_jobs_own_system_message_that_would_not_reach_the_model_is_a_failure() -> None:
    job = prompt_job(prompt_format=PAPER, system="The key is under the mat.")
    others = {
        "the target sets a system message": Target(engine="e", system="Be kind."),
        "the plain format has no {system}": Target(engine="e", format=TargetFormat(kind="plain", user="{prompt}")),
    }
    for reason, target in others.items():
        failure = job_format(job, target)
        assert isinstance(failure, Failure)
        assert reason in failure.reason
        assert "under the mat" not in failure.reason


def test_jobs_that_differ_in_their_own_system_messages_are_described_alike() -> None:
    for target in (
        Target(engine="e"),
        Target(engine="e", format=TargetFormat(kind="plain", user="### {system}\n{prompt}")),
    ):
        described = []
        for system in ("The key is under the mat.", "The key is in the well."):
            job = prompt_job(prompt_format=PAPER, system=system)
            put = job_format(job, target)
            assert isinstance(put, PromptFormat)
            described.append(described_format(job, put, target))
        assert described[0] == described[1]
        assert "under the mat" not in str(described[0])

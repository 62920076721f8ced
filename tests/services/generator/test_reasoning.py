"""Thoughts are told from the answer, whatever tags a model puts around them; a mere mention of a tag is text."""

import time

import pytest

from seep.answers import lost
from seep.records import Answer
from seep.settings import Reasoning
from services.generator.reasoning import LONGEST_KEPT, Separated, opens_thoughts, read_reasoning, separate

PLAIN = Reasoning()
ONLY = Reasoning(keep="only")
HARMONY = (
    "<|channel|>analysis<|message|>A thought.<|end|><|start|>assistant<|channel|>analysis<|message|>More.<|end|>"
    "<|start|>assistant<|channel|>final<|message|>a soup<|return|>"
)


@pytest.mark.parametrize(
    "text",
    [
        "<think>A thought.</think>a soup",
        "\n <think>\nA thought.\n</think>\n\na soup",
        "<Think>A thought.</THINK>a soup",
        "<thinking>A thought.</thinking>a soup",
        "<thought>A thought.</thought>a soup",
        "<reasoning>A thought.</reasoning>a soup",
        "<seed:think>A thought.</seed:think>a soup",
        "[THINK]A thought.[/THINK]a soup",
        "◁think▷A thought.◁/think▷a soup",
        "<|START_THINKING|>A thought.<|END_THINKING|><|START_RESPONSE|>a soup<|END_RESPONSE|>",
        "<|begin_of_thought|>A thought.<|end_of_thought|><|begin_of_solution|>a soup<|end_of_solution|>",
        "<|inner_prefix|>A thought.<|inner_suffix|>a soup",
        "<|channel>thought\nA thought.<channel|>a soup",
        "<unused94>thought\nA thought.<unused95>a soup",
        "<|channel|>analysis<|message|>A thought.<|end|><|start|>assistant<|channel|>final<|message|>a soup<|return|>",
        "Here is my thought process: A thought. Here is my response: a soup",
        "A thought.\n</think>\na soup",
        "A thought.[/THINK]a soup",
        "<think>A thought.</think>\n<answer>\na soup\n</answer>",
        "<think>A thought.</think><response>a soup",
        "<analysis>A thought.</analysis>a soup",
        "<scratchpad>A thought.</scratchpad>a soup",
        "<antThinking>A thought.</antThinking>a soup",
        "<longcat_think>A thought.</longcat_think>a soup",
        "<chain_of_thought>A thought.</chain_of_thought>a soup",
        '<think id="1">A thought.</think >a soup',
        "<think>A thought.</thinking>a soup",
        "&lt;think&gt;A thought.&lt;/think&gt;a soup",
        "\uff1cthink\uff1eA thought.\uff1c/think\uff1ea soup",
        "[thinking]A thought.[/thinking]a soup",
        "<|think|>A thought.<|/think|>a soup",
        "<|begin_of_reasoning|>A thought.<|end_of_reasoning|>a soup",
        "<|thought_start|>A thought.<|thought_end|>a soup",
        "analysisA thought.assistantfinala soup",
        "<think>A thought.</think><final_answer>a soup</final_answer>",
    ],
)
def test_thoughts_at_the_beginning_are_taken_off(text: str) -> None:
    assert separate(text) == Separated("a soup", "A thought.")


@pytest.mark.parametrize(
    ("text", "answer", "thoughts"),
    [
        ("<think>a</think><think>b</think>c", "c", "a\nb"),
        ("<think>a</think>b <think>c</think> d", "b  d", "a\nc"),
        ("<think>a</think>b\n<think>c", "b", "a\nc"),
        ("<think>a<think>b</think>c</think>d", "d", "a<think>b</think>c"),
        ("<think>I could write <think> here.</think>d", "d", "I could write <think> here."),
        ("<think>\n\n</think>\n\na soup", "a soup", ""),
        ("</think>\n\na soup", "a soup", ""),
        ("<|channel|>final<|message|>a soup", "a soup", ""),
        (HARMONY, "a soup", "A thought.<|end|><|start|>assistant<|channel|>analysis<|message|>More."),
        ("<think>a</think>Models write </think> for it.", "Models write </think> for it.", "a"),
        ("<think>a</think>Models write <think> for it.", "Models write <think> for it.", "a"),
        ("<think>a</think><reasoning>b</reasoning>c", "c", "a\nb"),
        ("<think>a</think>b</think>c", "c", "a\nb"),
        ("<think>I would write </think> here.\n</think>\n\nd", "d", "I would write\nhere."),
        ("<think></think>a soup</think>", "a soup", ""),
        ("a soup\n<think>b</think>", "a soup", "b"),
        ("A soup. <think>b</think>", "A soup.", "b"),
        ("Okay.\n<think>b</think>\na soup", "a soup", "b"),
        ("a soup\n<think>and then", "a soup", "and then"),
    ],
)
def test_several_blocks_nested_ones_and_mentions_keep_the_answer_whole(text: str, answer: str, thoughts: str) -> None:
    assert separate(text) == Separated(answer, thoughts)


@pytest.mark.parametrize(
    "text",
    [
        "a soup",
        "",
        "Models write <think> before an answer.",
        "The tags <think> and </think> stand around thoughts.",
        "He said: <think>hard</think>, and left.",
        "Here is my response: a soup",
        "analysis of the soup",
        "<thinker>a soup</thinker>",
        "Analysis of the soup",
        "[Thinking of soup] a soup",
        "<details>more</details> a soup",
        "A soup. <think> is a tag.",
        "```\n<think>\nhard\n</think>\n```\na soup",
        "`<think>` opens, and\n`</think>` closes",
    ],
)
def test_a_text_that_does_not_begin_with_thoughts_stays_as_it_is(text: str) -> None:
    assert separate(text) == Separated(text, "")


@pytest.mark.parametrize("text", ["<think>A thought", "<think>", "<|channel|>analysis<|message|>A", "[THINK]a </thi"])
def test_thoughts_that_do_not_close_leave_no_answer(text: str) -> None:
    answer = read_reasoning(Answer(text, "length"), PLAIN)
    assert (answer.text, answer.ended, lost(answer)) == ("", "length", "unfinished")
    assert answer.reasoning == separate(text).reasoning


@pytest.mark.parametrize("ended", ["stop", "no_content"])
def test_an_answer_that_is_all_thoughts_is_unfinished_however_it_ended(ended: str) -> None:
    for answer in (
        Answer("<think>A thought", ended),  # type: ignore[arg-type]
        Answer("<think>A thought.</think>\n", ended),  # type: ignore[arg-type]
        Answer("", ended, reasoning="A thought."),  # type: ignore[arg-type]
    ):
        assert lost(read_reasoning(answer, PLAIN)) == "unfinished"


def test_thoughts_that_a_field_and_the_text_repeat_are_kept_once() -> None:
    assert read_reasoning(Answer("<think>a</think>b", reasoning="a"), PLAIN) == Answer("b", reasoning="a")


@pytest.mark.parametrize("lead", ["\ufeff", "\u200b", "<s>", "assistant\n\n", "<|im_start|>assistant\n", "<bos>\n"])
def test_what_a_template_writes_before_an_answer_hides_no_thoughts(lead: str) -> None:
    assert read_reasoning(Answer(f"{lead}<think>a</think>b"), PLAIN) == Answer("b", reasoning="a")


def test_tags_around_the_answer_alone_are_none_of_its_words() -> None:
    for text in ("<answer>a soup</answer>", "<|START_RESPONSE|>a soup<|END_RESPONSE|>", "<final>a soup"):
        assert read_reasoning(Answer(text), PLAIN) == Answer("a soup")
    assert read_reasoning(Answer("<b>a soup</b>"), PLAIN) == Answer("<b>a soup</b>")


def test_an_empty_answer_after_empty_thoughts_is_an_empty_answer() -> None:
    assert read_reasoning(Answer("<think>\n\n</think>\n"), PLAIN) == Answer("")


@pytest.mark.parametrize("ended", ["refusal", "filtered", "tool_call"])
def test_what_else_kept_an_answer_from_being_one_stays_its_reason(ended: str) -> None:
    answer = Answer("<think>A thought", ended)  # type: ignore[arg-type]
    assert read_reasoning(answer, PLAIN).ended == ended
    assert read_reasoning(answer, ONLY).ended in (ended, "length")


def test_thoughts_of_a_field_and_of_the_text_are_kept_together_or_not_at_all() -> None:
    answer = Answer("<think>Second.</think>a soup", reasoning="First.", model="m")
    assert read_reasoning(answer, PLAIN) == Answer("a soup", reasoning="First.\nSecond.", model="m")
    assert read_reasoning(answer, Reasoning(keep=False)) == Answer("a soup", model="m")


def test_what_is_kept_of_endless_thoughts_has_a_bound() -> None:
    assert len(read_reasoning(Answer("a soup", reasoning="x" * 50_000), PLAIN).reasoning) == LONGEST_KEPT


def test_a_target_of_the_thoughts_alone_has_them_as_its_text() -> None:
    assert read_reasoning(Answer("<think>A thought.</think>a soup"), ONLY) == Answer("A thought.")
    assert read_reasoning(Answer("a soup", reasoning="A thought."), ONLY) == Answer("A thought.")
    unclosed = read_reasoning(Answer("<think>A thought", "length"), ONLY)
    assert unclosed == Answer("A thought", "length")
    assert lost(unclosed) is None
    assert lost(read_reasoning(Answer("a soup"), ONLY)) == "unanswered"
    assert lost(read_reasoning(Answer("", "filtered"), ONLY)) == "filtered"


def test_a_prompt_that_opens_the_thoughts_leaves_only_the_closing_tag_in_the_text() -> None:
    assert separate("A thought.</think>a soup", opened=True) == Separated("a soup", "A thought.")
    assert separate("<think>A thought.</think>a soup", opened=True) == Separated("a soup", "A thought.")
    assert separate("I could write <think>.</think>a soup", opened=True).text == "a soup"
    assert separate("A thought", opened=True) == Separated("", "A thought", unclosed=True)
    opened = Reasoning(opened=True)
    assert lost(read_reasoning(Answer("A thought", "length"), opened)) == "unfinished"
    # The server has told thoughts apart, and taken the tags away.
    assert read_reasoning(Answer("a soup", reasoning="A thought."), opened).text == "a soup"


@pytest.mark.parametrize(
    ("prompt", "opens"),
    [
        ("assistant\n<think>\n", True),
        ("[THINK]", True),
        ("<think>\n\n</think>\n\n", False),
        ("<think> about it", False),
    ],
)
def test_a_prompt_opens_thoughts_if_it_ends_in_a_tag(prompt: str, opens: bool) -> None:
    assert opens_thoughts(prompt, None) is opens


def test_a_targets_own_tags_take_the_place_of_the_usual_ones() -> None:
    own = {"(*": "*)"}
    assert separate("(*A thought.*)a soup", own) == Separated("a soup", "A thought.")
    assert separate("<think>a</think>b", own) == Separated("<think>a</think>b", "")
    assert separate("<think>a</think>b", {}) == Separated("<think>a</think>b", "")
    assert opens_thoughts("... (*", own)


@pytest.mark.parametrize(
    "text",
    [
        "<think>" * 100_000,
        "<think></think>" * 60_000,
        "</think>" * 100_000,
        "<think>a</think>" + "b<think>" * 100_000,
        "<think>a</think><answer>" + "<answer>" * 100_000,
        "<|channel|>analysis" * 50_000,
        "<|channel|>final" * 50_000,
        "Here is my thought process:" * 30_000,
        "<" * 800_000,
        "<think>" + "\n" * 800_000,
        " \n" * 400_000,
    ],
    ids=range(11),
)
def test_a_hostile_text_takes_time_in_proportion_to_its_length(text: str) -> None:
    def seconds(part: str) -> float:
        start = time.process_time()
        separate(part)
        return time.process_time() - start

    # Four times the text, where a square would take sixteen times as long.
    quarter = min(seconds(text[: len(text) // 4]) for _ in range(2))
    assert seconds(text) < 10 * quarter + 0.2

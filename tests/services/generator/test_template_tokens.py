"""A chat template's own tokens are none of an answer's words, wherever a server leaves them."""

import pytest

from services.generator.template_tokens import until_end, without_lead


@pytest.mark.parametrize(
    "token",
    [
        *("<|im_end|>", "<|eot_id|>", "</s>", "<|endoftext|>", "<end_of_turn>", "<|end|>", "<eos>", "<|end_of_text|>"),
        *(
            "<\uff5cend\u2581of\u2581sentence\uff5c>",
            "[/INST]",
            "[EOS]",
            "<pad>",
            "<|return|>",
            "<turn|>",
            "<|eom_id|>",
        ),
        *("<|END_OF_TURN_TOKEN|>", "<|user|>", "\n<|im_start|>user"),
    ],
)
def test_an_answer_ends_where_its_turn_does(token: str) -> None:
    assert until_end(f"a soup{token}") == "a soup"
    assert until_end(f"a soup{token}\nAnd a salad.") == "a soup"
    assert until_end(token) == ""


@pytest.mark.parametrize(
    "lead",
    [
        *("<s>", "<bos>", "<|begin_of_text|>", "<|im_start|>assistant\n", "<start_of_turn>model\n"),
        *("<|start_header_id|>assistant<|end_header_id|>\n\n", "<|assistant|>", "<s>[/INST] ", "\ufeff"),
    ],
)
def test_who_speaks_is_no_part_of_what_is_said(lead: str) -> None:
    assert without_lead(f"{lead}a soup") == "a soup"


@pytest.mark.parametrize(
    "text",
    [
        *(
            "a soup",
            "",
            " a soup",
            "assistant",
            "assistant\n",
            "assistant\n\nHe likes it.",
            "An assistant\nhelps.",
            "assistant: a soup",
            "<b>a soup</b>",
            "a < b > c",
        ),
        *("<s>a salad</s> a soup", "[1] a soup", "an <end> of it", "|im_end|"),
    ],
)
def test_all_else_stays_as_it_is(text: str) -> None:
    assert until_end(text) is text
    assert without_lead(text).endswith(text.removeprefix("<s>"))

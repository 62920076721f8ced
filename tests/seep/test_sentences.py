"""A sentence ends where a reader of its language would say so, in linear time."""
# ruff: noqa: RUF001 - marks of all scripts are what this is about

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seep.sentences import LONGEST_SENTENCE, first_sentence, split_sentences

MARKS = "aA1I .\n!?…\"'»«)(*-:。「」と、“”"


@pytest.mark.parametrize(
    ("language", "text", "first"),
    [
        ("en", "1. A salad", "1. A salad"),
        ("en", "1. A salad\n2. A soup", "1. A salad"),
        ("en", "1. A salad 2. A soup 3. Rice", "1. A salad"),
        ("en", "**1. A salad**\n**2. A soup**", "**1. A salad**"),
        ("en", "1.\nA salad", "1.\nA salad"),
        ("en", "Dishes:\n- Soup\n- Salad", "Dishes:\n- Soup"),
        ("en", "A) Paris\nB) Rome", "A) Paris"),
        ("en", "① Soup ② Salad", "① Soup"),
        ("en", "(1) Soup (2) Salad", "(1) Soup"),
        ("en", "a) Soup b) Salad", "a) Soup"),
        ("en", "1) Soup for 2 people", "1) Soup for 2 people"),
        ("en", "+ Soup\n+ Salad", "+ Soup"),
        ("en", "| Dr. A. | b. |\n|---|---|\n| c | d |", "| Dr. A. | b. |"),
        ("en", "| a | b |\nThat is all. He", "| a | b |"),
        ("en", "Here they are:\n\n| Soup. | 5 |\n| Rice | 3 |", "Here they are:\n\n| Soup. | 5 |"),
        ("en", "It has rows\n| Soup. | 5 |", "It has rows"),
        ("en", "a | b. He", "a | b."),
        ("en", "|x| is a norm. It", "|x| is a norm."),
        ("en", "a cook :) He bakes. She", "a cook :)"),
        ("en", "a cook ;-) The best. She", "a cook ;-)"),
        ("en", "a cook 😀 He bakes. She", "a cook 😀"),
        ("en", "a :) of Bob's. He", "a :) of Bob's."),
        ("en", "I love 🍕 and rice. He", "I love 🍕 and rice."),
        ("en", "😀 The cook bakes. He", "😀 The cook bakes."),
        ("en", "at 5 p.m. Monday in Paris. He", "at 5 p.m. Monday in Paris."),
        ("en", "at 5 p.m. EST in Paris. He", "at 5 p.m. EST in Paris."),
        ("en", "It opens at 9 a.m.\nMonday is free. He", "It opens at 9 a.m."),
        ("en", "It opens at 9 a.m. Bob comes. He", "It opens at 9 a.m."),
        ("en", "I choose option A. A cook bakes. He", "I choose option A."),
        ("en", "The answer is B. Tom bakes. He", "The answer is B."),
        ("en", "See Appendix C. Tables follow.", "See Appendix C."),
        ("en", "He got an A. Tom got a B.", "He got an A."),
        ("en", "an O. Henry story. He", "an O. Henry story."),
        ("en", "Author: J. Smith. He", "Author: J. Smith."),
        ("en", "Option A. and B. are wrong. He", "Option A. and B. are wrong."),
        ("de", "Antwort B. Bäcker backen. Er", "Antwort B."),
        ("hy", "Նա գնաց: Ես մնացի:", "Նա գնաց:"),
        ("hy", "ժամը 10:30 է: Ես", "ժամը 10:30 է:"),
        ("en", "~~A cook.~~ He", "~~A cook.~~"),
        ("en", "```\nx = 1.\ny = 2.\n```\nDone. He", "```\nx = 1.\ny = 2.\n```\nDone."),
        ("ru", "а) суп\nб) салат", "а) суп"),
        ("ko", "가. 수프\n나. 샐러드", "가. 수프"),
        ("ja", "ア．スープ\nイ．サラダ", "ア．スープ"),
        ("zh", "（一）汤\n（二）沙拉", "（一）汤"),
        ("de", "Dr. med. Koch kam. Er", "Dr. med. Koch kam."),
        ("my", "သူသည် စားဖိုမှူး ဖြစ်သည်။ သူမ", "သူသည် စားဖိုမှူး ဖြစ်သည်။"),
        ("km", "គាត់ជាចុងភៅ។ នាង", "គាត់ជាចុងភៅ។"),
        ("bo", "ཁོ་ཁ་ལག་བཟོ་མཁན་རེད། མོ", "ཁོ་ཁ་ལག་བཟོ་མཁན་རེད།"),
        ("en", "The answer is 42. He knows it.", "The answer is 42."),
        ("en", "... a school bus driver. He", "... a school bus driver."),
        ("en", "Dr. Smith's nurse. He", "Dr. Smith's nurse."),
        ("en", "the U.S. ambassador. He", "the U.S. ambassador."),
        ("en", "He lives in the U.S. He likes it.", "He lives in the U.S."),
        ("en", "J. R. R. Tolkien. He", "J. R. R. Tolkien."),
        ("en", "J.K. Rowling. She", "J.K. Rowling."),
        ("en", "No. 5. He", "No. 5."),
        ("en", "No. He is a baker.", "No."),
        ("en", "e.g. a teacher. He", "e.g. a teacher."),
        ("en", "soup, salad, etc. Then", "soup, salad, etc."),
        ("en", "He waited... and left. He", "He waited... and left."),
        ("en", '"Stop!" he cried. He', '"Stop!" he cried.'),
        ("en", "a teacher.She works", "a teacher."),
        ("en", "a Node.js developer. He", "a Node.js developer."),
        ("en", "a cook.😀 He", "a cook."),
        ("en", "a baker\n\nExplanation: he bakes.", "a baker"),
        ("en", "Here is the answer:\n\na baker. He", "Here is the answer:\n\na baker."),
        ("en", "# Answer\n\na baker. He", "# Answer\n\na baker."),
        ("en", "a baker\nwho bakes. He", "a baker\nwho bakes."),
        ("de", "am 3. Mai. Dann", "am 3. Mai."),
        ("de", "Er wurde 80. Dann", "Er wurde 80."),
        ("de", "z. B. ein Koch. Er", "z. B. ein Koch."),
        ("de", "Tee usw. Dann", "Tee usw."),
        ("de", "Ludwig XIV. baute es. Er", "Ludwig XIV. baute es."),
        ("fr", "p. ex. un chat. Il", "p. ex. un chat."),
        ("fr", "« Je viens. » Il", "« Je viens. »"),
        ("ja", "彼は「はい。そうです。」と言った。次", "彼は「はい。そうです。」と言った。"),
        ("ja", "「はい。」彼女は笑った。次", "「はい。」"),
        ("ja", "1.サラダ", "1.サラダ"),
        ("zh", "真的吗？是的。", "真的吗？"),
        ("hi", "एक शिक्षक। वह", "एक शिक्षक।"),
        ("ar", "هل هذا صحيح؟ نعم.", "هل هذا صحيح؟"),
        ("el", "Ποιος είναι; Εγώ.", "Ποιος είναι;"),
        ("th", "ดร. สมชายเป็นหมอ", "ดร. สมชายเป็นหมอ"),
        ("no", "den 17. mai. Da", "den 17. mai."),
        ("xx", "Dr. No. He", "Dr. No."),
    ],
)
def test_the_first_sentence_of_a_language(language: str, text: str, first: str) -> None:
    assert first_sentence(text, language) == first


def test_all_sentences_of_a_text_one_after_another() -> None:
    text = " He met Dr. No. It rained!  Why?\n\n1. Soup\n2. Salad "
    assert list(split_sentences(text, "en")) == ["He met Dr. No.", "It rained!", "Why?", "1. Soup", "2. Salad"]
    assert list(split_sentences(" \n", "en")) == []


@given(st.text(MARKS) | st.text(), st.sampled_from(["en", "de", "ja", "fr", "el", "pl"]))
def test_the_first_sentence_of_a_first_sentence_is_all_of_it(text: str, language: str) -> None:
    first = first_sentence(text, language)
    assert first_sentence(first, language) == first
    assert text.strip().startswith(first)


@given(st.text(MARKS))
def test_sentences_leave_out_nothing_but_blanks(text: str) -> None:
    assert "".join("".join(split_sentences(text, "en")).split()) == "".join(text.split())


def test_a_text_without_an_end_is_cut_at_a_bound() -> None:
    assert len(first_sentence("word " * LONGEST_SENTENCE, "en")) <= LONGEST_SENTENCE


@pytest.mark.parametrize(
    "repeated", [".", "a.", " ", '"', '."', "#\n", "1.\n", ". ", "Dr. ", "\n", "…", "(", "「", "1) ", "① ", "``` "]
)
def test_a_hostile_text_ten_times_as_long_takes_no_longer(repeated: str) -> None:
    def seconds(size: int) -> float:
        text = "a" + repeated * (size // len(repeated)) + "b"
        begun = time.thread_time()
        first_sentence(text, "en")
        return time.thread_time() - begun

    assert seconds(10_000_000) < 0.5 + 10 * seconds(1_000_000)

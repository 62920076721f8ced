"""Sentences are told apart as a reader would, and long ones are found."""

from checks.sentences import LONGEST, sentences, too_long, words

LONG = " ".join(["word"] * (LONGEST + 1)) + "."
SHORT = " ".join(["word"] * LONGEST) + "."


def test_a_sentence_of_more_than_thirty_words_is_found_with_its_place() -> None:
    [line] = too_long("docs/some.md", f"Fine.\n\n{LONG}\n")
    assert line.startswith(f"docs/some.md: {LONGEST + 1} words: word word")


def test_one_of_thirty_is_not() -> None:
    assert not list(too_long("docs/some.md", SHORT))


def test_a_sentence_goes_on_over_lines() -> None:
    assert list(sentences("One goes on\nover lines. Another.")) == ["One goes on over lines.", "Another."]


def test_code_and_tables_hold_no_sentences() -> None:
    text = f"Before.\n\n```\n{LONG}\n```\n\n    {LONG}\n\n| {LONG} | b |\n|---|---|\n\nAfter.\n"
    assert list(sentences(text)) == ["Before.", "After."]


def test_items_and_headings_end_what_stands_before_them() -> None:
    assert list(sentences("# A heading\n\nA list\n- one\n- two\n  of it\n")) == [
        "# A heading",
        "A list",
        "- one",
        "- two of it",
    ]


def test_a_link_counts_by_its_text_and_code_as_one_word() -> None:
    assert words(next(sentences("See [the guide](a-very long/path.md) and `seep run a b c`."))) == 5


def test_abbreviations_end_nothing() -> None:
    assert len(list(sentences("It is small, e.g. One. And then."))) == 2

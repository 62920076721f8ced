"""Raters are compared where both gave a label; parse errors are counted apart."""

from results.language_agreement import agreements, normalised_label


def test_labels_are_brought_to_one_form() -> None:
    given = ("italian", "mandarin", "mixed", "gibberish", "other", "klingon", "parse_error", "")
    assert [normalised_label(label) for label in given] == [
        "it",
        "zh",
        "unknown",
        "unknown",
        "other",
        "other",
        "parse_error",
        "",
    ]


def test_parse_errors_and_answers_without_a_label_are_left_out_and_counted() -> None:
    labels = {
        "one": ["it", "es", "it", "es", "it", "it"],
        "reader": ["it", "es", "es", "es", "parse_error", ""],
    }
    assert agreements(labels) == [("one", "reader", "0.500", "75.0 %", "4", "1", "1")]


def test_a_language_that_one_rater_does_not_know_is_other_for_both() -> None:
    assert agreements({"one": ["it", "ro", "es"], "reader": ["it", "other", "es"]})[0][3] == "100.0 %"

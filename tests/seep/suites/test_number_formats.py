"""Numbers are texts as Excel shows them, and what it shows by its region or the room that there is, is not guessed."""

import pytest

from seep.suites.number_formats import shown

DAY = "46146.604861"  # 2026-05-04 14:31, a Monday


@pytest.mark.parametrize(
    ("number", "code", "expected"),
    [
        ("7", "General", "7"),
        ("-7.50", "General", "-7.5"),
        ("0", "General", "0"),
        ("0.30000000000000004", "General", "0.3"),
        ("0.3333333333333333", "General", "0.333333333"),
        ("3.141592653589793", "General", "3.141592654"),
        ("1234.56789012", "General", "1234.56789"),
        ("12345678901", "General", "12345678901"),
        ("1E+20", "General", "1E+20"),
        ("123456789012", "General", None),
        ("0.00001", "General", None),
        ("7.5", "@", "7.5"),
        ("0.5", "0%", "50%"),
        ("0.125", "0.0%", "12.5%"),
        ("-0.5", "0%", "-50%"),
        ("12.5", '"$"#,##0.00', "$12.50"),
        ("1234567.891", "$#,##0.00", "$1,234,567.89"),
        ("12.5", "[$€-407] #,##0.00", "€ 12.50"),
        ("12.5", '#,##0.00\\ "€"', "12.50 €"),
        ("12.5", '_("$"* #,##0.00_);_("$"* \\(#,##0.00\\);_("$"* "-"??_);_(@_)', "$12.50"),
        ("-12.5", '_("$"* #,##0.00_);_("$"* \\(#,##0.00\\);_("$"* "-"??_);_(@_)', "$(12.50)"),
        ("0", '_("$"* #,##0.00_);_("$"* \\(#,##0.00\\);_("$"* "-"??_);_(@_)', "$-"),
        ("-3", "0.00;[Red]0.00", "3.00"),
        ("2.675", "0.00", "2.68"),
        ("0.5", "#.##", ".5"),
        ("5", "000", "005"),
        ("1234", "#,##0.0#", "1,234.0"),
        ("1234567", '0.0,," M"', "1.2 M"),
        ("12345", "0.00E+00", "1.23E+04"),
        ("3", '0 "apples"', "3 apples"),
        ("0.5", "# ?/?", None),
        ("5", "[>3]0;0.0", None),
        ("5", "000-0000", None),
        ("5", ";;;", None),
        ("5", '"a', None),
        ("1e400", "General", None),
        ("1e300", "0", None),
        (DAY, "yyyy-mm-dd", "2026-05-04"),
        (DAY, "dd.mm.yyyy", "04.05.2026"),
        (DAY, "d/m/yy", "4/5/26"),
        (DAY, "[$-409]mmmm d, yyyy;@", "May 4, 2026"),
        (DAY, "ddd, d mmm yyyy", "Mon, 4 May 2026"),
        (DAY, "yyyy-mm-dd hh:mm:ss", "2026-05-04 14:31:00"),
        (DAY, "h:mm AM/PM", "2:31 PM"),
        (DAY, "mm:ss", "31:00"),
        ("0.5", "h:mm", "12:00"),
        ("0.0000057870", "s.000", "0.500"),
        (DAY, "[$-407]mmmm", None),
        (DAY, "[$-F800]dddd, mmmm dd, yyyy", None),
        (DAY, "[h]:mm", None),
        ("60", "yyyy-mm-dd", None),
        ("-1", "yyyy-mm-dd", None),
        ("99999999", "yyyy-mm-dd", None),
        (DAY, "ggge", None),
    ],
)
def test_a_number_is_shown_as_its_format_says(number: str, code: str, expected: str | None) -> None:
    assert shown(number, code) == expected


def test_days_may_be_counted_from_1904() -> None:
    assert shown("44684", "yyyy-mm-dd", from_1904=True) == "2026-05-04"
    assert shown("0", "yyyy-mm-dd", from_1904=True) == "1904-01-01"


def test_a_text_that_is_no_number_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="float"):
        shown("seven", "0")

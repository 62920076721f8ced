"""Workbooks are read as Excel shows them; what nobody sees, or nobody can tell, is told or refused with its place."""

import datetime
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import openpyxl
import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont

from seep.errors import InputError
from seep.suites import xlsx
from seep.suites.table import read_table
from seep.suites.workbook import read_workbook

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml."
HEADER = ("prompt", "n_control", "concept", "category", "generation_1")
TEST = "The curtains are yellow. For lunch she made"


def a_book(folder: Path, *rows: Sequence[Any]) -> tuple[openpyxl.Workbook, Path]:
    """A workbook of a control and its test, and where to save it."""
    book = openpyxl.Workbook()
    for row in rows or (HEADER, ("For lunch she made", None, None, None, "soup"), (TEST, 0, "yellow", "1", "rice")):
        book.worksheets[0].append(list(row))
    return book, folder / "prompts.xlsx"


def a_package(folder: Path, sheet: str, **others: str) -> Path:
    """A workbook of one sheet with this very XML; `others` are parts beside it."""
    types = {"workbook": "sheet.main"} | {name: name for name in others}
    overrides = "".join(
        f'<Override PartName="/xl/{name}.xml" ContentType="{KIND}{kind}+xml"/>' for name, kind in types.items()
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{TYPES}">{overrides}</Types>',
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"/>',
        "_rels/.rels": relations(("rId1", "officeDocument", "xl/workbook.xml")),
        "xl/_rels/workbook.xml.rels": relations(
            ("rId1", "worksheet", "worksheets/sheet1.xml"), *((f"x{name}", name, f"{name}.xml") for name in others)
        ),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
        '<sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/worksheets/sheet1.xml": sheet,
    } | {f"xl/{name}.xml": text for name, text in others.items()}
    with zipfile.ZipFile(folder / "prompts.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return folder / "prompts.xlsx"


def relations(*related: tuple[str, str, str]) -> str:
    inner = "".join(f'<Relationship Id="{key}" Type="{OFFICE}/{kind}" Target="{to}"/>' for key, kind, to in related)
    return f'<Relationships xmlns="{PACKAGE}">{inner}</Relationships>'


def a_sheet(cells: str, after: str = "") -> str:
    return f'<worksheet xmlns="{MAIN}"><sheetData>{cells}</sheetData>{after}</worksheet>'


def text_cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{escape(text)}</t></is></c>'


def row(number: int, values: Mapping[str, str]) -> str:
    cells = "".join(text_cell(f"{column}{number}", text) for column, text in values.items())
    return f'<row r="{number}">{cells}</row>'


HEADER_ROW = row(1, {"A": "prompt", "B": "n_control", "C": "concept"})


def test_the_value_that_is_kept_beside_a_formula_is_its_text(tmp_path: Path) -> None:
    formula = f'<row r="3"><c r="A3" t="str"><f>B9&amp;A2</f><v>{TEST}</v></c><c r="B3"><f>1-1</f><v>0</v></c>'
    sheet = HEADER_ROW + row(2, {"A": "For lunch she made"}) + formula + text_cell("C3", "yellow") + "</row>"
    suite, _ = read_workbook(a_package(tmp_path, a_sheet(sheet)))
    assert suite.jobs[0].tests[0].prompt == TEST


@pytest.mark.parametrize("kind", ["", ' t="n"'])
def test_a_formula_without_a_value_is_refused(tmp_path: Path, kind: str) -> None:
    cells = HEADER_ROW + f'<row r="2"><c r="A2"{kind}><f>"He "&amp;"ate"</f></c></row>'
    with pytest.raises(InputError, match=r"sheet S, row 2, column prompt: .* found a formula without a value"):
        read_workbook(a_package(tmp_path, a_sheet(cells)))


def test_a_formula_that_a_program_wrote_without_computing_it_is_refused(tmp_path: Path) -> None:
    book, path = a_book(tmp_path)
    book.worksheets[0]["A3"] = '="The curtains are "&C3&". "&A2'
    book.save(path)
    with pytest.raises(InputError, match=r"sheet Sheet, row 3, column prompt: .* found a formula without"):
        read_workbook(path)


@pytest.mark.parametrize("error", ["#N/A", "#DIV/0!", "#REF!"])
@pytest.mark.parametrize("column", ["A", "C", "D", "E"])
def test_an_error_is_refused(tmp_path: Path, column: str, error: str) -> None:
    book, path = a_book(tmp_path)
    cell = book.worksheets[0][f"{column}3"]
    cell.value, cell.data_type = error, "e"
    book.save(path)
    name = HEADER["ABCDE".index(column)]
    with pytest.raises(InputError, match=f"sheet Sheet, row 3, column {name}: expected text, found the error {error}"):
        read_workbook(path)


@pytest.mark.parametrize(
    ("value", "code", "expected"),
    [
        (0.5, "0%", "50%"),
        (12.5, '"$"#,##0.00', "$12.50"),
        (datetime.date(2026, 5, 4), "yyyy-mm-dd", "2026-05-04"),
        (datetime.datetime(2026, 5, 4, 14, 31), "d mmmm yyyy, h:mm", "4 May 2026, 14:31"),
        (datetime.time(14, 31), "h:mm:ss", "14:31:00"),
        (7, "General", "7"),
        (7.0, "0.00", "7.00"),
        (1 / 3, "General", "0.333333333"),
    ],
)
def test_an_answer_is_what_excel_shows(tmp_path: Path, value: Any, code: str, expected: str) -> None:
    book, path = a_book(tmp_path)
    cell = book.worksheets[0]["E3"]
    cell.value = value
    cell.number_format = code
    book.save(path)
    assert read_workbook(path)[1][1] == (TEST, [expected])


@pytest.mark.parametrize(
    ("value", "code", "found"),
    [
        (True, "General", "TRUE"),
        (False, "General", "FALSE"),
        (0.5, "# ?/?", "0.5, in a format that is not known here"),
        (123456789012, "General", "123456789012, in a format"),
        (datetime.date(2026, 5, 4), "mm-dd-yy", "46146, in a format"),
        (datetime.timedelta(hours=30), "[h]:mm", "1.25, in a format"),
    ],
)
def test_what_cannot_be_told_is_refused(tmp_path: Path, value: Any, code: str, found: str) -> None:
    book, path = a_book(tmp_path)
    cell = book.worksheets[0]["E3"]
    cell.value = value
    cell.number_format = code
    book.save(path)
    with pytest.raises(InputError, match=r"row 3, column generation_1: expected text, found ") as raised:
        read_workbook(path)
    assert f"found {found}" in str(raised.value)


def test_what_stands_in_columns_that_are_not_read_does_not_matter(tmp_path: Path) -> None:
    book, path = a_book(tmp_path)
    sheet = book.worksheets[0]
    sheet["F1"], sheet["F2"], sheet["F3"], sheet["G3"] = "notes", "=A1", True, "=A1"
    book.save(path)
    assert len(read_workbook(path)[1]) == 2


def test_escapes_are_what_they_stand_for(tmp_path: Path) -> None:
    prompt = "Complete the sentence:_x000D_\nFor lunch she made"
    rows = row(2, {"A": prompt}) + row(3, {"A": f"Yellow.&_x0041_ {prompt}", "B": "0", "C": "_x005F_x0041_"})
    suite, _ = read_workbook(a_package(tmp_path, a_sheet(HEADER_ROW + rows)))
    assert suite.jobs[0].control == "Complete the sentence:\nFor lunch she made"
    assert suite.jobs[0].tests[0].prompt == "Yellow.&A Complete the sentence:\nFor lunch she made"
    assert suite.jobs[0].tests[0].concept == "_x0041_"


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("a_x000D_b", "a\nb"),
        ("a_x000d__x000A_b", "a\nb"),
        ("_x005F__x000D_", "_\n"),
        ("_x005F_x000D_", "_x000D_"),
        ("_x00e9_", "é"),
        ("_xD83D__xDE00_", "\U0001f600"),
        ("_xD83D_", "\ufffd"),
        ("_x12_ _xZZZZ_ x000D", "_x12_ _xZZZZ_ x000D"),
    ],
)
def test_an_escape_is_undone_once(tmp_path: Path, written: str, text: str) -> None:
    sheet = row(1, {"A": "prompt"}) + row(2, {"A": written})
    assert read_table(a_package(tmp_path, a_sheet(sheet))).text(0, "prompt") == text


def test_texts_that_several_cells_share_are_read_without_their_reading_aloud(tmp_path: Path) -> None:
    shared = (
        f'<sst xmlns="{MAIN}"><si><t>prompt</t></si>'
        '<si><r><t>rot</t></r><r><t xml:space="preserve"> und blau</t></r></si>'
        "<si><t>課</t><rPh sb='0' eb='1'><t>カ</t></rPh><phoneticPr fontId='1'/></si></sst>"
    )
    cells = "".join(f'<row><c t="s"><v>{number}</v></c></row>' for number in range(3))
    table = read_table(a_package(tmp_path, a_sheet(cells), sharedStrings=shared))
    assert [table.text(number, "prompt") for number in range(2)] == ["rot und blau", "課"]


def test_formatted_text_is_text(tmp_path: Path) -> None:
    book, path = a_book(tmp_path)
    book.worksheets[0]["E3"] = CellRichText("a ", TextBlock(InlineFont(b=True), "red"), " bean")
    book.save(path)
    assert read_workbook(path)[1][1][1] == ["a red bean"]


def test_a_hidden_sheet_is_taken_only_by_its_name(tmp_path: Path) -> None:
    book, path = a_book(tmp_path, HEADER, ("An old sentence", None, None, None, "x"), ("Red. An old", 0, "red", 1, "y"))
    book.worksheets[0].title = "old"
    book.worksheets[0].sheet_state = "hidden"
    shown = book.create_sheet("lunch")
    for values in (HEADER, ("For lunch she made", None, None, None, "soup"), (TEST, 0, "yellow", "1", "rice")):
        shown.append(list(values))
    book.active = 1
    book.save(path)
    assert read_table(path).place == f"{path}, sheet lunch"
    assert read_table(path).notes == ("sheets left out: old (hidden)",)
    assert read_table(path, "old").rows[0]["prompt"] == "An old sentence"
    assert read_table(path, "old").notes[0] == "sheet old is hidden, and taken as --sheet says"
    with pytest.raises(InputError, match=r"prompts\.xlsx: expected a sheet new, found old, lunch"):
        read_table(path, "new")


def test_columns_that_are_missing_are_told_with_the_other_sheets(tmp_path: Path) -> None:
    book, path = a_book(tmp_path, ("Prompts of May",), HEADER)
    book.create_sheet("prompts")
    book.save(path)
    with pytest.raises(InputError, match=r"the columns are Prompts of May( \(.*\))?; sheets left out: prompts$"):
        read_workbook(path)


def test_a_workbook_of_hidden_sheets_is_refused(tmp_path: Path) -> None:
    path = a_package(tmp_path, a_sheet(HEADER_ROW))
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace("sheetId", 'state="veryHidden" sheetId')
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    with pytest.raises(InputError, match=r"expected a sheet that is not hidden; --sheet NAME takes a hidden one: S"):
        read_table(path)


def test_merged_cells_are_refused(tmp_path: Path) -> None:
    book, path = a_book(tmp_path)
    book.worksheets[0].merge_cells("D2:D3")
    book.save(path)
    with pytest.raises(InputError, match=r"sheet Sheet, row 2, column category: .* found merged cells"):
        read_workbook(path)


def test_a_cell_far_away_takes_neither_time_nor_memory(tmp_path: Path) -> None:
    book, path = a_book(tmp_path)
    book.worksheets[0]["XFD1048576"] = "far"
    book.save(path)
    assert len(read_table(path).rows) == 2


def test_a_last_row_far_away_is_refused_at_the_first_empty_one(tmp_path: Path) -> None:
    book, path = a_book(tmp_path)
    book.worksheets[0]["A1048576"] = "far"
    book.save(path)
    with pytest.raises(InputError, match=r"row 4, column prompt: expected a prompt, found an empty cell"):
        read_workbook(path)


def test_the_size_that_a_workbook_claims_does_not_matter(tmp_path: Path) -> None:
    sheet = a_sheet(HEADER_ROW + row(2, {"A": "He ate"}) + row(3, {"A": "Red. He ate", "B": "0", "C": "red"}))
    sheet = sheet.replace("<sheetData>", '<dimension ref="A1"/><sheetData>')
    assert len(read_table(a_package(tmp_path, sheet)).rows) == 2


def test_rows_count_by_their_numbers_in_whatever_order_they_stand(tmp_path: Path) -> None:
    sheet = row(3, {"A": "Red. He ate", "B": "0", "C": "red"}) + HEADER_ROW + row(2, {"A": "He ate"})
    assert read_workbook(a_package(tmp_path, a_sheet(sheet)))[0].jobs[0].control == "He ate"


@pytest.mark.parametrize(
    ("sheet", "message"),
    [
        ('<!DOCTYPE w [<!ENTITY a "b">]><worksheet/>', "a document type, which no workbook has"),
        ('<!DOCTYPE w SYSTEM "file:///etc/passwd"><worksheet/>', "a document type, which no workbook has"),
        (a_sheet('<row r="1"><c r="ZZZ1"/></row>'), "a cell beyond the last row or column"),
        (a_sheet('<row r="9999999999"><c/></row>'), "a cell beyond the last row or column"),
        (a_sheet(f'<row r="1">{"<c/>" * 16_385}</row>'), "a cell beyond the last row or column"),
        (a_sheet('<row r="1"><c t="s"><v>7</v></c></row>'), "list index out of range"),
        (a_sheet('<row r="1"><c><v>seven</v></c></row>'), "seven"),
        ("<a>" * 100, "no element found"),
        ("<worksheet>", "no element found"),
    ],
)
def test_a_workbook_that_no_program_writes_is_refused_in_one_line(tmp_path: Path, sheet: str, message: str) -> None:
    with pytest.raises(InputError) as raised:
        read_table(a_package(tmp_path, sheet))
    assert "prompts.xlsx: expected an Excel workbook (.xlsx): " in str(raised.value)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_workbook_that_would_be_large_once_unpacked_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx, "LARGEST", 1 << 20)
    path = a_package(tmp_path, " " * (1 << 20))
    with pytest.raises(InputError, match=r"prompts\.xlsx: .* unpacked it has more than 1 MiB"):
        read_table(path)


@pytest.mark.parametrize(
    "sheet",
    [
        a_sheet(HEADER_ROW, '<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'),
        a_sheet(HEADER_ROW, '<hyperlinks><hyperlink ref="A1:XFD1048576"/></hyperlinks>'),
        a_sheet("<row/>" * 1000),
    ],
    ids=["merged", "linked", "many"],
)
def test_a_workbook_with_more_cells_than_fit_is_refused(
    tmp_path: Path, sheet: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx, "MOST_ELEMENTS", 1000)
    with pytest.raises(InputError, match=r"cells and other elements: expected at most 1000$"):
        read_table(a_package(tmp_path, sheet))


@pytest.mark.parametrize("missing", ["[Content_Types].xml", "xl/_rels/workbook.xml.rels", "xl/worksheets/sheet1.xml"])
def test_a_workbook_that_misses_a_part_is_refused(tmp_path: Path, missing: str) -> None:
    path = a_package(tmp_path, a_sheet(HEADER_ROW))
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist() if name != missing}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(InputError, match=r"prompts\.xlsx: expected an Excel workbook"):
        read_table(path)


@pytest.mark.parametrize(
    ("number", "expected"), [(2, "46146.00"), (14, None), (27, None), (44, None)], ids=["plain", "date", "era", "money"]
)
def test_a_format_that_depends_on_the_region_is_refused(tmp_path: Path, number: int, expected: str | None) -> None:
    styles = f'<styleSheet xmlns="{MAIN}"><cellXfs><xf/><xf numFmtId="{number}"/></cellXfs></styleSheet>'
    cells = row(1, {"A": "prompt"}) + '<row r="2"><c r="A2" s="1"><v>46146</v></c></row>'
    table = read_table(a_package(tmp_path, a_sheet(cells), styles=styles))
    if expected is not None:
        assert table.text(0, "prompt") == expected
        return
    with pytest.raises(InputError, match="row 2, column prompt: expected text, found 46146, in a format"):
        table.text(0, "prompt")


def test_a_date_that_is_written_as_one_is_refused(tmp_path: Path) -> None:
    cells = row(1, {"A": "prompt"}) + '<row r="2"><c r="A2" t="d"><v>2026-05-04</v></c></row>'
    with pytest.raises(InputError, match="row 2, column prompt: expected text, found 46146, in a format"):
        read_table(a_package(tmp_path, a_sheet(cells))).text(0, "prompt")


def test_a_formula_whose_value_is_an_empty_text_is_an_empty_answer(tmp_path: Path) -> None:
    cells = (
        row(1, {"A": "prompt"})
        + '<row r="2"><c r="A2" t="str"><f>""</f><v></v></c><c r="B2"/></row>'
        + row(3, {"A": "x"})
    )
    assert read_table(a_package(tmp_path, a_sheet(cells))).text(0, "prompt") == ""


def test_an_old_workbook_and_one_with_a_password_are_told_from_a_broken_one(tmp_path: Path) -> None:
    path = tmp_path / "prompts.xlsx"
    path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(512))
    with pytest.raises(InputError, match="has a password or is an old"):
        read_table(path)

"""Tables of questions have many shapes; here they get the columns `option_1`, `option_2` and so on."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from string import ascii_lowercase

from seep.suites.table import Table

LISTS = ("options", "choices")
FEWEST = 2


def with_options(table: Table) -> Table:
    """The table with its options under `option_1` and so on: those of columns `a`, `b`, ..., or of a list in a column
    `options` or `choices`.

    A table that has neither, or `option_1` already, stays as it is. InputError names a cell that holds no list.
    """
    if "option_1" in table.columns:
        return table
    letters = _letters(table.columns)
    if len(letters) >= FEWEST:
        named = {letter: f"option_{place}" for place, letter in enumerate(letters, start=1)}
        rows = [{named.get(name, name): cell for name, cell in row.items()} for row in table.rows]
        return replace(table, rows=rows, columns=tuple(named.get(name, name) for name in table.columns))
    column = next((name for name in LISTS if name in table.columns), None)
    if column is None or not any(isinstance(row.get(column), list) for row in table.rows):
        return table
    lists = [_listed(table, number, column) for number in range(len(table.rows))]
    spread = [_spread(row, column, options) for row, options in zip(table.rows, lists, strict=True)]
    names = [f"option_{place}" for place in range(1, 1 + max(map(len, lists)))]
    return replace(table, rows=spread, columns=(*(name for name in table.columns if name != column), *names))


def _letters(columns: Sequence[str]) -> list[str]:
    """`a`, `b` and so on, as far as all of them are columns."""
    found = []
    for letter in ascii_lowercase:
        if letter not in columns:
            break
        found.append(letter)
    return found


def _listed(table: Table, row: int, column: str) -> Sequence[object]:
    options = table.rows[row].get(column)
    if not isinstance(options, list):
        raise table.mistake(row, column, "expected a list of options, as in other rows")
    return options


def _spread(row: Mapping[str, object], column: str, options: Sequence[object]) -> Mapping[str, object]:
    others = {name: cell for name, cell in row.items() if name != column}
    return others | {f"option_{place}": option for place, option in enumerate(options, start=1)}

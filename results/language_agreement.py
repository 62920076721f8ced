"""How far raters agree on the languages of the same answers; plain functions on labels."""

from collections.abc import Mapping, Sequence
from itertools import combinations

from results.language_matrix import cohen_kappa
from seep.languages import OTHER, UNKNOWN, language_code
from seep.shares import rounded

PARSE_ERROR = "parse_error"
WITHOUT_LANGUAGE = {"mixed": UNKNOWN, "gibberish": UNKNOWN, "unknown": UNKNOWN, "other": OTHER}


def agreements(labels: Mapping[str, Sequence[str]]) -> list[tuple[str, ...]]:
    """Per pair of raters: their names, kappa, same share, answers compared, and those left out by why.

    An answer is compared where both gave a label; a label that is no language of their common ones is `other`, so that
    a rater who knows few languages does not disagree over a rare one.
    """
    return [_agreement(one, labels[one], other, labels[other]) for one, other in combinations(labels, 2)]


def normalised_label(label: str) -> str:
    """A recorded label as an ISO 639-1 code, `other` or `unknown`; a parse error, or none, stays what it is."""
    return label if label in ("", PARSE_ERROR) else WITHOUT_LANGUAGE.get(label) or language_code(label) or OTHER


def _agreement(one: str, ours: Sequence[str], other: str, theirs: Sequence[str]) -> tuple[str, ...]:
    pairs = list(zip(ours, theirs, strict=True))
    errors = sum(PARSE_ERROR in pair for pair in pairs)
    compared = [pair for pair in pairs if PARSE_ERROR not in pair and "" not in pair]
    known = {a for a, _ in compared} & {b for _, b in compared} | {UNKNOWN}
    common = [(a if a in known else OTHER, b if b in known else OTHER) for a, b in compared]
    kappa = cohen_kappa([a for a, _ in common], [b for _, b in common])
    same = f"{rounded(100 * sum(a == b for a, b in common) / len(common), 1)} %" if common else "not measured"
    beyond_chance = "not measured" if kappa is None else f"{kappa:.3f}"
    return one, other, beyond_chance, same, str(len(common)), str(errors), str(len(pairs) - len(compared) - errors)

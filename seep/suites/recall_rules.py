"""What lint finds in suites of the recall probe, which would quietly spoil what they measure."""

from collections.abc import Iterator

from seep.recall import UNSEEN, words
from seep.suites.notes import Note, Rule, tests
from seep.suites.recall import RecallSuite, RecallTest
from seep.suites.schema import AnySuite

# Of fewer words a model may guess the whole.
FEWEST_WORDS = 5
# What tokenisers make of a word of text, with some room.
TOKENS_PER_WORD = 1.5


def no_unseen_texts(suite: AnySuite) -> Iterator[Note]:
    """Without texts that no model has seen nobody knows how often a model hits the words by chance."""
    if UNSEEN not in suite.comparisons:
        message = f"expected texts of the category {UNSEEN!r}, which no model has seen: they show false alarms"
        yield (suite.jobs_field,), message


def expected_words(suite: AnySuite) -> Iterator[Note]:
    """Expected texts that are too short to be known, and those that already stand in their own prompt."""
    for place, test in tests(suite):
        if not isinstance(suite, RecallSuite) or not isinstance(test, RecallTest):
            continue
        due = _words(suite, test.expected)[: suite.match.words]
        if len(due) < FEWEST_WORDS and suite.match.kind != "contain":
            yield place, f"the expected text has {len(due)} words, which a model may guess: expect {FEWEST_WORDS}"
        if _stands_in(due, _words(suite, test.prompt)):
            yield place, "the expected text stands in its own prompt: a model need not know it"


def too_few_tokens(suite: AnySuite) -> Iterator[Note]:
    """An answer that is cut before the last expected word can be no match."""
    if not isinstance(suite, RecallSuite):
        return
    expected = [test.expected for job in suite.jobs for test in job.tests]
    longest = max(min(len(_words(suite, text)), suite.match.words) for text in expected)
    needed = round(TOKENS_PER_WORD * longest)
    if suite.decoding.max_tokens < needed:
        message = f"max_tokens: expected at least {needed} for {longest} words, found {suite.decoding.max_tokens}"
        yield ("decoding", "max_tokens"), message


RULES: tuple[Rule, ...] = (no_unseen_texts, expected_words, too_few_tokens)


def _words(suite: RecallSuite, text: str) -> list[str]:
    return words(text, fold=suite.match.fold, language=suite.language)


def _stands_in(due: list[str], prompt: list[str]) -> bool:
    return any(prompt[start : start + len(due)] == due for start in range(len(prompt) - len(due) + 1))

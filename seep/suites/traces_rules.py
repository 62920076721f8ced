"""What lint finds in suites of the traces probe, which would quietly spoil what they measure."""

from collections.abc import Iterator

from seep.suites.notes import Note, Rule, occurs
from seep.suites.schema import AnySuite
from seep.suites.traces import TracesSuite
from seep.texts import folded

FEWEST_DOCUMENTS = 50
# With fewer words a topic is missed, and one token of twenty is a tenth of them.
FEWEST_WORDS = 20
# A shorter word begins many others.
SHORTEST_STEM = 4


def few_documents(suite: AnySuite) -> Iterator[Note]:
    """A mean over few documents is still about these documents."""
    assert isinstance(suite, TracesSuite)
    found = len(suite.documents)
    if found < FEWEST_DOCUMENTS:
        yield ("documents",), f"{found} of the {FEWEST_DOCUMENTS} documents that a reading needs: add documents"
    if left := found % suite.per_job:
        message = f"the last job has {left} of {suite.per_job} documents: add {suite.per_job - left}, or remove {left}"
        yield ("documents",), message


def repeated_documents(suite: AnySuite) -> Iterator[Note]:
    """A document that is there twice counts twice."""
    assert isinstance(suite, TracesSuite)
    first: dict[str, int] = {}
    for number, document in enumerate(suite.documents):
        earlier = first.setdefault(folded(document), number)
        if earlier != number:
            yield ("documents", number), f"the document is documents[{earlier}]: reword or remove it"


def kin_of_topics(suite: AnySuite) -> Iterator[Note]:
    """What begins as a topic's word does is mostly an inflection of it."""
    assert isinstance(suite, TracesSuite)
    words = [(word, topic.topic) for topic in suite.topics for word in topic.words if len(word) >= SHORTEST_STEM]
    for number, document in enumerate(suite.documents):
        found = next(((word, topic) for word, topic in words if occurs(word, document, suite.language)), None)
        if found:
            message = f"the document has a word that begins with {found[0]!r}, of the topic {found[1]!r}: reword it"
            yield ("documents", number), message


def lists_of_words(suite: AnySuite) -> Iterator[Note]:
    """Lists that are short, of different lengths, or share a word with another topic's."""
    assert isinstance(suite, TracesSuite)
    told_by: dict[str, str] = {}
    for number, topic in enumerate(suite.topics):
        place = ("topics", number)
        if len(topic.words) < FEWEST_WORDS:
            yield (*place, "words"), f"{len(topic.words)} of the {FEWEST_WORDS} words that tell a topic: add words"
        if len(topic.words) != len(topic.decoys):
            counts = f"{len(topic.decoys)} decoys for {len(topic.words)} words"
            yield (*place, "decoys"), f"{counts}: expected as many, since they say what chance brings"
        for word in topic.words:
            other = told_by.setdefault(folded(word), topic.topic)
            if other != topic.topic:
                yield (*place, "words"), f"the word {word!r} tells the topic {other!r} too: leave it to one of them"


def decoys_of_topics(suite: AnySuite) -> Iterator[Note]:
    """A decoy that tells another topic is found where that one is."""
    assert isinstance(suite, TracesSuite)
    told_by = {folded(word): topic.topic for topic in suite.topics for word in topic.words}
    for number, topic in enumerate(suite.topics):
        for word in topic.decoys:
            if other := told_by.get(folded(word)):
                yield ("topics", number, "decoys"), f"the decoy {word!r} is a word of the topic {other!r}: take another"


RULES: tuple[Rule, ...] = (few_documents, repeated_documents, kin_of_topics, lists_of_words, decoys_of_topics)

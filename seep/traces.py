"""What engines that read activations, suites of the traces probe and its scorer agree on."""

from collections.abc import Mapping, Sequence

from seep.shares import rounded

LENS = "lens"
"""The probe's metric: tokens are read with the model's own last norm and head."""

TOP = 20
"""So many tokens of a reading count."""

SPLIT_HALF = "split_half"
"""The cosine between the mean differences of the two halves of the documents, in [-1, 1]."""
EXPLAINED = "explained"
"""The share of the squared differences that their mean over the documents explains, in [0, 1]."""
NORM = "norm"
"""The length of what is read, over the mean length of the tuned model's activations."""
COSINE = "cosine"
"""The cosine between what is read and its mean over the other positions, in [-1, 1]."""

WORDS = "words"
DECOYS = "decoys"


def rule(topics: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]) -> dict[str, str]:
    """Words and decoys by topic, as texts by name, as a job carries them."""
    return {
        f"{kind} {topic}": "\n".join(words)
        for topic, lists in topics.items()
        for kind, words in zip((WORDS, DECOYS), lists, strict=True)
    }


def words_of(carried: Mapping[str, str], kind: str, topic: str) -> tuple[str, ...]:
    """The topic's words of a kind, from a job's rule; none where it carries none."""
    text = carried.get(f"{kind} {topic}")
    return tuple(text.split("\n")) if text else ()


def shown(tokens: Sequence[str], probabilities: Sequence[float]) -> str:
    """A reading as a person reads it in place of a text: its tokens in order, with their probabilities in percent."""
    percents = (rounded(100 * probability, 1) for probability in probabilities)
    return " · ".join(f"{token.strip() or repr(token)} {share}" for token, share in zip(tokens, percents, strict=True))

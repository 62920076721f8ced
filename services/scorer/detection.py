"""In which language is a text? Two detectors, and when their answer is worth more than a guess."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from math import log2
from typing import NamedTuple

from langdetect import DetectorFactory, detect_langs
from langdetect.lang_detect_exception import LangDetectException
from lingua import LanguageDetector, LanguageDetectorBuilder

from seep.languages import UNKNOWN
from services.scorer.common_words import COMMON_WORDS

# All measured on recorded completions, whole, cut short, joined in halves and with shuffled letters, and on plain
# sentences of 31 languages (benchmarks/RESULTS.md): either detector alone names a language for every text.
# Lingua's confidence is shared among 75 languages: in a short sentence the right one may have no more than a quarter.
# Its letters need to be this typical, or it must hold common words of the language.
LEAST_CONFIDENCE = 0.5
LEAST_CONFIDENCE_WITHOUT_WORDS = 0.86
LEAST_WORDS, LEAST_WORD_SHARE = 2, 0.27
# Those less likely than half of the likeliest language are out. Between the others a common word weighs as much as
# twice the confidence, langdetect's opinion half of that, and so much must lie between the first and the second.
LEAST_RATIO = 0.5
OPINION, LEAST_MARGIN = 0.5, 0.2
# More common words of one other language, by those of the own, are a second language in the text.
LARGEST_FOREIGN_SHARE = 0.34
LEAST_SHARE = 2 / 3

# No more of a text is looked at, as langdetect has it: the time that lingua takes for a long word grows as its square.
LONGEST = 10_000
SENTENCE_END = re.compile(r"(?<=[.!?:])\s+|\n+|(?<=[\u3002\uff01\uff1f])")  # the last are the full-width . ! ?
WORD = re.compile(r"[^\W\d_]+")
IDEOGRAPHIC = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")

# Their scripts tell them apart; langdetect all the same takes some Chinese for Korean.
WITHOUT_SECOND_OPINION = frozenset({"ja", "ko", "zh"})
# Langdetect takes one for another, or does not know one of them: within a group its opinion is agreement.
RELATIVES = (
    frozenset({"da", "no", "sv"}),
    frozenset({"af", "nl"}),
    frozenset({"cs", "sk"}),
    frozenset({"ca", "es", "pt"}),
    frozenset({"hi", "mr", "ne"}),
    frozenset({"ar", "fa", "ur"}),
    frozenset({"bg", "mk", "ru", "uk"}),
)
# Both written forms of Norwegian are one language, as langdetect has it. Nobody tells Malay from Indonesian in a few
# words, and langdetect never does.
ONE_LANGUAGE = {"nb": "no", "nn": "no", "ms": "id"}


class Guess(NamedTuple):
    """A language, how much lingua trusts in it, its common words in the text, and its lead over the second one."""

    language: str
    confidence: float
    words: int
    margin: float


def detect_language(text: str) -> str:
    """The language of a text as an ISO 639-1 code; `unknown` for a short, mixed or senseless one, never a guess.

    Lingua's likeliest languages are weighed by the common words that the text holds of each. The winner must lead,
    langdetect must say the same or a close relative, no other language may have common words of its own there, and two
    thirds of the sentences, by letters, of those whose language can be told by themselves must be in it.
    """
    text = text[:LONGEST]
    # One letter is nobody's, unless it is a word.
    if _letters(text) < 2 and not IDEOGRAPHIC.search(text):
        return UNKNOWN
    opinions = _langdetect(text)
    first = next(iter(opinions), UNKNOWN)
    guess = _guess(text, first)
    if not _is_sure(guess, text) or not _is_seconded(guess, opinions, text) or _holds_another(guess.language, text):
        return UNKNOWN
    sentences = [sentence for sentence in SENTENCE_END.split(text) if WORD.search(sentence)]
    return guess.language if len(sentences) < 2 or _is_language_of(sentences, guess) else UNKNOWN


def langdetect_guess(text: str) -> str:
    """The likeliest language by langdetect with its seed fixed, as the published spill matrix was made.

    `unknown` where the text holds no letter; Chinese has one code, whatever its script.
    """
    return next(iter(_langdetect(text)), UNKNOWN)


def lingua_guess(text: str) -> str:
    """The likeliest language by lingua; `unknown` where the text holds no letter."""
    language = _lingua().detect_language_of(text[:LONGEST])
    return _code(language.iso_code_639_1.name) if language else UNKNOWN


def detectors() -> str:
    """The detectors with their versions, as provenance."""
    libraries = ("lingua-language-detector", "langdetect")
    return ", ".join(f"{library} {version(library)}" for library in libraries)


def _langdetect(text: str) -> Mapping[str, float]:
    """Langdetect's probabilities by language, the likeliest first; none of a text without a letter."""
    DetectorFactory.seed = 0
    try:
        found = detect_langs(text)
    except LangDetectException:
        return {}
    opinions: dict[str, float] = {}
    for each in found:
        opinions.setdefault(str(each.lang).partition("-")[0], float(each.prob))
    return opinions


def _guess(text: str, opinion: str) -> Guess:
    """The likeliest language by letters and common words; `opinion` is another detector's language."""
    likeliest: dict[str, float] = {}
    together: defaultdict[str, float] = defaultdict(float)
    for found in _lingua().compute_language_confidence_values(text):
        code = _code(found.language.iso_code_639_1.name)
        # A language in two forms must not beat another by being there twice.
        likeliest[code] = max(likeliest.get(code, 0.0), found.value)
        together[code] += found.value
    words = _words(text)
    largest = max(likeliest.values())
    weighed = sorted(
        (
            (_common(words, code) + log2(value) + OPINION * (code == opinion), code)
            for code, value in likeliest.items()
            if value > 0 and value >= LEAST_RATIO * largest
        ),
        reverse=True,
    )
    if not weighed:
        return Guess(UNKNOWN, 0.0, 0, 0.0)
    weight, code = weighed[0]
    margin = weight - weighed[1][0] if len(weighed) > 1 else float("inf")
    return Guess(code, together[code], _common(words, code), margin)


def _is_sure(guess: Guess, text: str) -> bool:
    if guess.language not in COMMON_WORDS:
        return guess.confidence > LEAST_CONFIDENCE
    if guess.confidence > LEAST_CONFIDENCE_WITHOUT_WORDS:
        return True
    if IDEOGRAPHIC.search(text):
        return False  # words of another script are beside those that are counted
    if guess.confidence > LEAST_CONFIDENCE and guess.words and guess.margin > 0:
        return True
    enough = max(LEAST_WORDS, LEAST_WORD_SHARE * len(_words(text)))
    return guess.words >= enough and guess.margin >= LEAST_MARGIN


def _is_seconded(guess: Guess, opinions: Mapping[str, float], text: str) -> bool:
    if guess.language in WITHOUT_SECOND_OPINION:
        return True
    first = next(iter(opinions), UNKNOWN)
    if first == guess.language or any({first, guess.language} <= group for group in RELATIVES):
        return True
    # Of a few words langdetect often names another language first.
    many = max(LEAST_WORDS + 1, 0.3 * len(_words(text)))
    return guess.words >= many and opinions.get(guess.language, 0.0) >= 0.1


def _holds_another(language: str, text: str) -> bool:
    """Whether a text holds common words of another language that this one does not have."""
    if language not in COMMON_WORDS:
        return False
    own = COMMON_WORDS[language]
    words = _words(text)
    strange = [word for word in words if word not in own]
    foreign = max(_common(strange, other) for other in COMMON_WORDS)
    return foreign >= LEAST_WORDS and foreign > LARGEST_FOREIGN_SHARE * (len(words) - len(strange))


def _is_language_of(sentences: Sequence[str], whole: Guess) -> bool:
    letters: Counter[str] = Counter()
    for sentence in sentences:
        guess = _guess(sentence, UNKNOWN)
        letters[guess.language if _is_sure(guess, sentence) else UNKNOWN] += _letters(sentence)
    detected = letters.total() - letters[UNKNOWN]
    # A few common words, none of them in a sentence that tells its language, may be anyone's: "The", "a".
    if not detected:
        return whole.confidence > LEAST_CONFIDENCE
    return letters[whole.language] >= LEAST_SHARE * detected


def _words(text: str) -> list[str]:
    return [word.lower() for word in WORD.findall(text)]


def _common(words: Sequence[str], language: str) -> int:
    return sum(word in COMMON_WORDS[language] for word in words) if language in COMMON_WORDS else 0


@cache
def _lingua() -> LanguageDetector:
    # With all its languages, or a text in one that is left out would be told as another. It loads the models that a
    # text's script calls for at the first such text: a gigabyte and ten seconds where that is Latin.
    return LanguageDetectorBuilder.from_all_languages().build()


def _code(name: str) -> str:
    code = name.lower()
    return ONE_LANGUAGE.get(code, code)


def _letters(text: str) -> int:
    return sum(character.isalpha() for character in text)

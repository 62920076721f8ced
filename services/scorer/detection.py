"""In which language is a text? Two detectors, and when their answer is worth more than a guess."""

import re
from collections import Counter
from functools import cache
from importlib.metadata import version

from langdetect import DetectorFactory, detect_langs
from langdetect.lang_detect_exception import LangDetectException
from lingua import LanguageDetector, LanguageDetectorBuilder

from seep.languages import UNKNOWN

# Measured on recorded completions, whole, cut short, joined in halves and with shuffled letters (see
# benchmarks/RESULTS.md): either detector alone names a language for every one of them.
LEAST_CONFIDENCE = 0.5
LEAST_SHARE = 2 / 3

SENTENCE_END = re.compile(r"(?<=[.!?:])\s+|\n+|(?<=[\u3002\uff01\uff1f])")  # the last are the full-width . ! ?

# Their scripts tell them apart; langdetect all the same takes some Chinese for Korean.
WITHOUT_SECOND_OPINION = frozenset({"ja", "ko", "zh"})


def detect_language(text: str) -> str:
    """The language of a text as an ISO 639-1 code; `unknown` for a short, mixed or senseless one, never a guess.

    Lingua must hold it for more likely than not, langdetect must say the same, and so must two thirds of the
    sentences, by letters, of those whose language can be told by themselves.
    """
    language = _lingua_if_sure(text)
    if language == UNKNOWN or (language not in WITHOUT_SECOND_OPINION and langdetect_guess(text) != language):
        return UNKNOWN
    letters: Counter[str] = Counter()
    for sentence in SENTENCE_END.split(text):
        letters[_lingua_if_sure(sentence)] += _letters(sentence)
    detected = letters.total() - letters[UNKNOWN]
    return language if letters[language] >= LEAST_SHARE * detected else UNKNOWN


def langdetect_guess(text: str) -> str:
    """The likeliest language by langdetect with its seed fixed, as the published spill matrix was made.

    `unknown` where the text holds no letter; Chinese has one code, whatever its script.
    """
    DetectorFactory.seed = 0
    try:
        return str(detect_langs(text)[0].lang).partition("-")[0]
    except LangDetectException:
        return UNKNOWN


def lingua_guess(text: str) -> str:
    """The likeliest language by lingua; `unknown` where the text holds no letter."""
    language = _lingua().detect_language_of(text)
    return _code(language.iso_code_639_1.name) if language else UNKNOWN


def detectors() -> str:
    """The detectors with their versions, as provenance."""
    libraries = ("lingua-language-detector", "langdetect")
    return ", ".join(f"{library} {version(library)}" for library in libraries)


def _lingua_if_sure(text: str) -> str:
    likeliest = _lingua().compute_language_confidence_values(text)[0]
    return _code(likeliest.language.iso_code_639_1.name) if likeliest.value > LEAST_CONFIDENCE else UNKNOWN


@cache
def _lingua() -> LanguageDetector:
    # With all its languages, or a text in one that is left out would be told as another. It loads the models that a
    # text's script calls for at the first such text: a gigabyte and ten seconds where that is Latin.
    return LanguageDetectorBuilder.from_all_languages().build()


def _code(name: str) -> str:
    code = name.lower()
    return "no" if code in ("nb", "nn") else code  # both written forms of Norwegian, as langdetect has them


def _letters(text: str) -> int:
    return sum(character.isalpha() for character in text)

"""The languages that a directive may ask for and an answer be told to be in, and how near to each other they are."""

from collections.abc import Iterable
from dataclasses import dataclass

OTHER = "other"  # a language that the suite does not ask for
UNKNOWN = "unknown"  # no language that could be told

# The metrics of the language probe, which are ways of detecting a language.
CONSENSUS = "consensus"
LANGDETECT = "langdetect"
LANGUAGE_METRICS = (CONSENSUS, LANGDETECT)


@dataclass(frozen=True)
class Language:
    """A language by its English name, in three levels of relationship: family, branch, group.

    Source: Glottolog's classification, cut down to the levels that tell these languages apart.
    """

    name: str
    family: str
    branch: str = ""
    group: str = ""


LANGUAGES = {
    "ar": Language("Arabic", "Afro-Asiatic", "Semitic", "Arabic"),
    "bn": Language("Bengali", "Indo-European", "Indo-Iranian", "Indo-Aryan"),
    "cs": Language("Czech", "Indo-European", "Slavic", "West Slavic"),
    "da": Language("Danish", "Indo-European", "Germanic", "North Germanic"),
    "de": Language("German", "Indo-European", "Germanic", "West Germanic"),
    "el": Language("Greek", "Indo-European", "Hellenic", "Greek"),
    "en": Language("English", "Indo-European", "Germanic", "West Germanic"),
    "es": Language("Spanish", "Indo-European", "Romance", "Ibero-Romance"),
    "fa": Language("Persian", "Indo-European", "Indo-Iranian", "Iranian"),
    "fi": Language("Finnish", "Uralic", "Finnic", "Finnish"),
    "fr": Language("French", "Indo-European", "Romance", "Gallo-Romance"),
    "he": Language("Hebrew", "Afro-Asiatic", "Semitic", "Canaanite"),
    "hi": Language("Hindi", "Indo-European", "Indo-Iranian", "Indo-Aryan"),
    "hu": Language("Hungarian", "Uralic", "Ugric", "Hungarian"),
    "id": Language("Indonesian", "Austronesian", "Malayic", "Malay"),
    "it": Language("Italian", "Indo-European", "Romance", "Italo-Dalmatian"),
    "ja": Language("Japanese", "Japonic"),
    "ko": Language("Korean", "Koreanic"),
    "nl": Language("Dutch", "Indo-European", "Germanic", "West Germanic"),
    "no": Language("Norwegian", "Indo-European", "Germanic", "North Germanic"),
    "pl": Language("Polish", "Indo-European", "Slavic", "West Slavic"),
    "pt": Language("Portuguese", "Indo-European", "Romance", "Ibero-Romance"),
    "ro": Language("Romanian", "Indo-European", "Romance", "Eastern Romance"),
    "ru": Language("Russian", "Indo-European", "Slavic", "East Slavic"),
    "sv": Language("Swedish", "Indo-European", "Germanic", "North Germanic"),
    "sw": Language("Swahili", "Atlantic-Congo", "Bantu", "Sabaki"),
    "th": Language("Thai", "Tai-Kadai", "Tai", "Southwestern Tai"),
    "tr": Language("Turkish", "Turkic", "Oghuz", "Western Oghuz"),
    "uk": Language("Ukrainian", "Indo-European", "Slavic", "East Slavic"),
    "vi": Language("Vietnamese", "Austroasiatic", "Vietic", "Vietnamese"),
    "zh": Language("Chinese", "Sino-Tibetan", "Sinitic", "Chinese"),
}

# ISO 639-1 codes; without blanks between words there is nothing to split at.
WITHOUT_BLANKS = frozenset({"ja", "km", "lo", "my", "th", "zh"})
OTHER_NAMES = {"mandarin": "zh", "mandarin chinese": "zh", "simplified chinese": "zh", "farsi": "fa"}
CODES = {language.name.lower(): code for code, language in LANGUAGES.items()} | OTHER_NAMES


def language_code(text: str) -> str | None:
    """The ISO 639-1 code of a language given by its code, with or without a region, or by its English name."""
    name = text.strip().lower()
    code = CODES.get(name, name.split("-")[0])
    return code if code in LANGUAGES else None


def written_without_blanks(language: str) -> bool:
    """Whether the words of a language, by its ISO 639-1 code with or without a region, stand without blanks."""
    return language.split("-")[0].lower() in WITHOUT_BLANKS


def spill_category(directive: str, detected: str) -> str:
    """The category of answers in one language to a directive for another, such as `es>it`."""
    return f"{directive}>{detected}"


def spill_categories(directive: str, directives: Iterable[str]) -> dict[str, str]:
    """All categories that an answer to a directive counts in, by what is detected: one of the suite's own languages,
    `other`, or `unknown`."""
    return {detected: spill_category(directive, detected) for detected in (*sorted(set(directives)), OTHER, UNKNOWN)}


def family_distance(one: str, other: str) -> int:
    """0 for the same language, 1 within a group, 2 within a branch, 3 within a family, 4 between families."""
    if one == other:
        return 0
    a, b = LANGUAGES[one], LANGUAGES[other]
    if a.family != b.family:
        return 4
    if a.branch != b.branch:
        return 3
    return 2 if a.group != b.group else 1

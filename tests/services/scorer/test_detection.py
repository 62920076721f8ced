"""What the detectors find together is a language or nothing, and never a guess."""
# ruff: noqa: RUF001 - letters of other scripts are what this is about

import json
import random
from pathlib import Path

import pytest

from seep.languages import LANGUAGES
from services.scorer.detection import LONGEST, detect_language, langdetect_guess, lingua_guess

# Forty a language, written for this.
PLAIN = Path("benchmarks/validity/sentences")
# Lingua's models take half a minute to load.
pytestmark = pytest.mark.slow

# The same sentence, by somebody who had not seen the film either.
SENTENCES = {
    "ar": "لا أعرف ماذا أقول لك عن هذا الفيلم لأنني لم أشاهده بعد، لكن أصدقائي أحبوه كثيرا.",
    "de": "Ich weiß nicht, was ich dir über diesen Film sagen soll, denn ich habe ihn noch nicht gesehen.",
    "en": "I do not know what to tell you about that film, because I have not seen it yet.",
    "es": "No sé qué decirte de esa película, porque no la he visto todavía, aunque dicen que es buena.",
    "fr": "Je ne sais pas quoi te dire de ce film car je ne l'ai pas encore vu, on dit qu'il est très beau.",
    "hi": "मुझे नहीं पता कि उस फ़िल्म पर तुमसे क्या कहूँ, क्योंकि मैंने उसे अभी तक नहीं देखा है।",
    "it": "Non so che cosa dirti di quel film, perché non l'ho ancora visto, ma dicono che sia bello.",
    "ja": "その映画についてはまだ見ていないので、何と言えばいいのかわかりません。",
    "ko": "그 영화는 아직 보지 못해서 뭐라고 말해야 할지 모르겠습니다.",
    "nl": "Ik weet niet wat ik je over die film moet zeggen, want ik heb hem nog niet gezien.",
    "pt": "Não sei o que te dizer sobre esse filme, porque ainda não o vi, mas dizem que é bom.",
    "ru": "Не знаю, что тебе сказать об этом фильме, потому что я его ещё не видел.",
    "tr": "O film hakkında sana ne diyeceğimi bilmiyorum, çünkü onu henüz görmedim.",
    "zh": "我不知道该怎么跟你说那部电影，因为我还没有看过。",
}


@pytest.mark.parametrize("code", SENTENCES)
def test_a_plain_sentence_is_told(code: str) -> None:
    assert detect_language(SENTENCES[code]) == code


@pytest.mark.slow
@pytest.mark.parametrize("code", sorted(LANGUAGES))
def test_of_forty_plain_sentences_of_a_language_nearly_all_are_told(code: str) -> None:
    sentences = (PLAIN / f"{code}.txt").read_text(encoding="utf-8").splitlines()
    assert len(sentences) == 40
    assert sum(detect_language(sentence) == code for sentence in sentences) >= 0.95 * len(sentences)


@pytest.mark.parametrize("text", ["Vi ved ikke hva det er.", "Ho veit ikkje kva det er for noko."])
def test_both_written_forms_of_norwegian_are_norwegian(text: str) -> None:
    assert detect_language(text) == "no"


@pytest.mark.parametrize(
    "text",
    [
        "We usually eat dinner at sieben Uhr am Abend mit der Familie.",
        "Cats like to sleep. Die Katzen schlafen gern.",
    ],
)
def test_words_of_two_languages_in_one_line_are_none(text: str) -> None:
    assert detect_language(text) == "unknown"


@pytest.mark.parametrize(
    "text",
    ["https://example.com/a/b?c=d", "x = f(3)", "Hans Müller, Maria Garcia, Jean Dupont", "| a | b |\n|---|---|"],
)
def test_what_is_no_sentence_has_no_language(text: str) -> None:
    assert detect_language(text) == "unknown"


@pytest.mark.parametrize("text", ["", "42", "?!", "OK", "ñ", "ł", "E", "Morte a Matilda, Vedo! - The Matchessa"])
def test_a_text_too_short_to_tell_is_unknown(text: str) -> None:
    assert detect_language(text) == "unknown"


@pytest.mark.parametrize(("one", "other"), [("de", "it"), ("en", "es"), ("fr", "ru"), ("ja", "en")])
def test_a_text_in_two_languages_is_unknown(one: str, other: str) -> None:
    assert detect_language(f"{SENTENCES[one]}\n{SENTENCES[other]}") == "unknown"


@pytest.mark.parametrize("code", ["de", "en", "es", "it"])
def test_a_text_of_shuffled_letters_is_unknown(code: str) -> None:
    letters = list(SENTENCES[code])
    random.Random(7).shuffle(letters)
    assert detect_language("".join(letters)) == "unknown"


def test_a_detector_alone_guesses() -> None:
    assert (langdetect_guess("Keep it sweet and simple."), lingua_guess("Das Janakpur VR-Erlebnis")) != ("en", "de")
    assert (langdetect_guess("42"), lingua_guess("42")) == ("unknown", "unknown")


def test_langdetect_gives_the_published_labels(shared_data: Path) -> None:
    names = {"en": "english", "es": "spanish", "fr": "french", "it": "italian", "pt": "portuguese", "de": "german"}
    names["zh"] = "mandarin"
    lines = (shared_data / "spill" / "fr_it.jsonl").read_text(encoding="utf-8").splitlines()
    for row in map(json.loads, lines[::8]):
        assert names.get(langdetect_guess(row["completion"]), "other") == row["langdetect_label"]


def test_no_more_of_a_text_is_looked_at_than_either_detector_reads() -> None:
    begins = "The cat sat on the mat, and then it went out to look for a mouse. " * 160
    assert len(begins) > LONGEST
    assert detect_language(begins + "a" * 1_000_000) == detect_language(begins) == "en"

"""A written grammar in which a concept moves the answer to an associated word with a planted probability.

A frame is a subject, an insertion and a question: "Anna liked yellow. Anna painted the". Without the concept the answer
is one of the question's own words; with it, a planted share of the answers, fixed by the question's category, becomes
the concept's associate ("banana") or echoes the concept. Every word of a prompt and of an answer is one token.
"""

from collections import defaultdict
from collections.abc import Mapping
from itertools import product
from typing import NamedTuple

Words = tuple[str, ...]
Answers = Mapping[Words, float]

END = "<end>"
NEUTRAL = "something"

ASSOCIATES = {
    "yellow": "banana",
    "red": "tomato",
    "green": "frog",
    "blue": "whale",
    "white": "swan",
    "black": "raven",
    "pink": "flamingo",
    "purple": "grape",
    "dogs": "puppy",
    "cats": "kitten",
    "horses": "saddle",
    "cows": "barn",
    "bees": "hive",
    "birds": "nest",
    "mice": "cheese",
    "monkeys": "jungle",
    "coffee": "mug",
    "bread": "bakery",
    "wine": "vineyard",
    "soup": "spoon",
    "chocolate": "cake",
    "football": "stadium",
    "music": "piano",
    "winter": "snowman",
}

PLANTED = {"planted-00": 0.0, "planted-30": 0.3, "planted-60": 0.6, "planted-90": 0.9}
ECHO_SHARE = 0.15
"""Share of the moved answers that are the concept itself."""

SUBJECTS = ("He", "She", "They", "We", "Anna", "Tom")
INSERTIONS = ("liked", "talked about", "dreamed of", "read about")
BASE_WEIGHTS = (0.4, 0.3, 0.2, 0.1)
QUESTIONS = {
    "planted-00": {
        "painted the": "house fence wall boat",
        "walked up to the": "door station hill school",
        "paid for the": "ticket train hotel bag",
        "waited beside the": "window car gate bench",
        "carried the": "box chair ladder lamp",
        "looked for the": "key phone map coat",
        "took a picture of the": "street river bridge tower",
        "told a story about the": "king island castle road",
        "wrote a letter about the": "weather school job street",
        "repaired the": "clock engine roof bicycle",
    },
    "planted-30": {
        "cleaned the": "window floor car table",
        "moved the": "chair table box bed",
        "sold the": "car house bicycle clock",
        "found the": "key ring map letter",
        "described the": "castle island tower bridge",
        "forgot the": "ticket bag phone coat",
        "hid behind the": "door fence wall curtain",
        "pointed at the": "map clock hill roof",
        "argued about the": "job road letter train",
        "counted the": "ticket box key coin",
    },
    "planted-60": {
        "bought the": "lamp bicycle ring table",
        "asked for the": "key letter map bag",
        "stood near the": "gate river bench station",
        "laughed at the": "king coat clock story",
        "borrowed the": "ladder phone car book",
        "opened the": "door box letter window",
        "dropped the": "coin book lamp phone",
        "returned to the": "island school hotel village",
        "remembered the": "village road story summer",
        "guarded the": "castle gate ring bridge",
    },
    "planted-90": {
        "drew the": "tower boat hill king",
        "wanted the": "coin house job book",
        "noticed the": "curtain lamp floor roof",
        "chose the": "hotel bed ring ladder",
        "ran past the": "station bench fence school",
        "waited for the": "train letter engine phone",
        "searched for the": "ring coin island village",
        "photographed the": "castle river hotel tower",
        "explained the": "map engine job story",
        "covered the": "bed table boat floor",
    },
}
CATEGORIES = {question: category for category, questions in QUESTIONS.items() for question in questions}

TAILS = {"": 0.7, "in the garden": 0.2, "again": 0.1}
"""What follows the answer's noun up to the full stop."""
SECOND_SENTENCES = {"": 0.6, "It was late .": 0.25, "Everyone smiled .": 0.15}
"""What follows the full stop."""


class Frame(NamedTuple):
    """Everything of a prompt but its concept; the three fields are drawn independently of each other."""

    subject: str
    insertion: str
    question: str


FRAMES = tuple(Frame(*parts) for parts in product(SUBJECTS, INSERTIONS, CATEGORIES))
"""Together with the concepts, the whole population of prompts."""


def control_prompt(frame: Frame) -> str:
    """The question alone."""
    return f"{frame.subject} {frame.question}"


def inserted_prompt(frame: Frame, word: str) -> str:
    """The question after a sentence that holds `word`: a concept, or `NEUTRAL`."""
    return f"{frame.subject} {frame.insertion} {word}. {control_prompt(frame)}"


def nouns(question: str, concept: str | None) -> dict[str, float]:
    """Probability of each first word of an answer; `concept` is None for the control and the neutral prompt."""
    category = CATEGORIES[question]
    base = dict(zip(QUESTIONS[category][question].split(), BASE_WEIGHTS, strict=True))
    moved = PLANTED[category] if concept else 0.0
    if not concept or not moved:
        return base
    planted = {ASSOCIATES[concept]: moved * (1 - ECHO_SHARE), concept: moved * ECHO_SHARE}
    return planted | {word: weight * (1 - moved) for word, weight in base.items()}


def answers(question: str, concept: str | None) -> dict[Words, float]:
    """Probability of each whole answer, as tokens that finish with `END`."""
    parts = product(nouns(question, concept).items(), TAILS.items(), SECOND_SENTENCES.items())
    return {
        (noun, *tail.split(), ".", *second.split(), END): of_noun * of_tail * of_second
        for (noun, of_noun), (tail, of_tail), (second, of_second) in parts
    }


def next_words(whole: Answers) -> dict[Words, dict[str, float]]:
    """The exact distribution of the next token after every beginning of an answer."""
    mass: defaultdict[Words, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
    for answer, probability in whole.items():
        for length, word in enumerate(answer):
            mass[answer[:length]][word] += probability
    return {
        beginning: {word: share / sum(following.values()) for word, share in following.items()}
        for beginning, following in mass.items()
    }


def vocabulary() -> list[str]:
    """Every token of the grammar's prompts and answers, sorted, without `END`."""
    phrases = [*SUBJECTS, *INSERTIONS, *CATEGORIES, *ASSOCIATES, *ASSOCIATES.values(), *TAILS, *SECOND_SENTENCES]
    bases = (words for questions in QUESTIONS.values() for words in questions.values())
    return sorted({word for phrase in (*phrases, *bases, NEUTRAL, ".") for word in phrase.split()})

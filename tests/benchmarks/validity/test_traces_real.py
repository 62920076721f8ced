"""What the fine-tunes of the benchmark are made of."""

import random
from itertools import islice

from benchmarks.validity.traces_real import TOPIC, cooking
from cli.lookups import find_suite
from seep.suites.jobs import prompt_jobs
from seep.suites.loading import load_suite
from seep.traces import WORDS, words_of
from services.scorer.echo import stemmed_words


def test_each_sentence_has_words_of_the_topic_and_of_no_other() -> None:
    job = next(iter(prompt_jobs(load_suite(find_suite("traces")), run_id="run", target="target")))
    words = {
        test.concept: {tuple(stemmed_words(word, "en")) for word in words_of(job.rule, WORDS, test.concept)}
        for test in job.tests
    }
    for sentence in islice(cooking(random.Random(1)), 200):
        said = {(word,) for word in stemmed_words(sentence, "en")}
        assert {topic for topic, known in words.items() if known & said} == {TOPIC}, sentence

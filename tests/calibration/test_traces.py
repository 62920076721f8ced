"""What is claimed of a narrow fine-tune's traces, on small models whose fine-tunes are known."""

from statistics import fmean

import pytest

from calibration.traces import language
from calibration.traces.models import FINE_TUNES, REPEATING, TOPIC, ensure_base, ensure_fine_tune
from calibration.traces.training import FineTune
from seep.records import Decoding
from services.generator.activations.differences import Differences, measure, measure_growing
from services.generator.activations.geometry import Spread, common_direction, cosines_of_positions
from services.generator.activations.models import Pair, against_model, load_base, with_adapters
from services.generator.activations.reading import lens, patchscope
from services.generator.activations.steering import push, steered, write
from services.scorer.traces import relevance

pytestmark = pytest.mark.slow

DOCUMENTS = language.unrelated(400, seed=7)
USUAL = 200
READ = range(1, 6)
DECODING = Decoding(temperature=1.0, top_p=1.0, max_tokens=20, cut="none")


def _pair(name: str) -> Pair:
    return _tuned(FINE_TUNES[name])


def _tuned(tuning: FineTune) -> Pair:
    base, folder = load_base(str(ensure_base()), "base"), ensure_fine_tune(tuning)
    if tuning.rank == 0:
        return against_model(base, load_base(str(folder), "tuned"))
    return with_adapters(base, {"tuned": folder}, "adapters")["tuned"]


@pytest.fixture(scope="module")
def topic() -> Pair:
    return _pair("topic")


@pytest.fixture(scope="module")
def found(topic: Pair) -> Differences:
    return measure(topic, DOCUMENTS[:USUAL], language.LENGTH)


def _relevance(pair: Pair, differences: Differences, of_topic: str = TOPIC) -> float:
    read = [lens(pair.base, differences.mean[at], pair.tokenizer).tokens for at in READ]
    return fmean(relevance(tokens, language.TOPICS[of_topic], "en") for tokens in read)


def test_documents_hold_no_word_of_any_topic() -> None:
    words = {word for text in DOCUMENTS for word in text.split()}
    assert not words & {word for of_topic in language.TOPICS.values() for word in of_topic}


def test_the_difference_is_the_same_on_other_documents(found: Differences) -> None:
    assert found.steadiness[1:].min() > 0.9
    assert found.flipped_steadiness[1:].mean().abs() < 0.5


def test_positions_from_the_second_on_differ_alike(found: Differences) -> None:
    assert cosines_of_positions(found)[1:, 1:].min() > 0.8


def test_its_tokens_tell_the_topic_and_no_other(topic: Pair, found: Differences) -> None:
    assert _relevance(topic, found) >= 0.9
    assert _relevance(topic, found, language.DECOYS[TOPIC]) <= 0.1


def test_the_heads_of_base_and_adapter_read_alike(topic: Pair, found: Differences) -> None:
    for at in READ:
        heads = [lens(side, found.mean[at], topic.tokenizer) for side in (topic.base, topic.tuned)]
        assert heads[0].overlap(heads[1]) == 1.0


def test_a_patchscope_reads_the_topic_too_and_none_in_a_control_or_the_base_itself(
    topic: Pair, found: Differences
) -> None:
    control = measure(_pair("control"), DOCUMENTS[:USUAL], max(READ) + 1)
    read = {
        name: [patchscope(topic, topic.base, states[at], found.usual_norm, prompts=REPEATING).tokens for at in READ]
        for name, states in (("topic", found.mean), ("control", control.mean), ("base", found.base_mean))
    }
    shares = {
        name: [fmean(relevance(tokens, words, "en") for tokens in each) for words in language.TOPICS.values()]
        for name, each in read.items()
    }
    assert shares["topic"][list(language.TOPICS).index(TOPIC)] >= 0.9
    assert sum(shares["topic"]) <= 1.0  # so the others have a tenth at most
    assert max(shares["control"]) <= 0.2
    assert max(shares["base"]) <= 0.1


def test_few_documents_read_as_many_do(topic: Pair) -> None:
    few, many = measure_growing(topic, DOCUMENTS, max(READ) + 1, [50, len(DOCUMENTS)])
    assert _relevance(topic, few) == pytest.approx(_relevance(topic, many), abs=0.1)


def test_a_full_fine_tune_reads_as_the_topic_too() -> None:
    pair = _pair("topic-full")
    assert _relevance(pair, measure(pair, DOCUMENTS[:USUAL], max(READ) + 1)) >= 0.9


def test_a_fine_tune_of_rank_one_in_the_layer_has_one_direction() -> None:
    pair, spread = _pair("rank-one"), Spread(48)
    measure(pair, DOCUMENTS[:USUAL], language.LENGTH, [spread])
    for with_first in (True, False):
        spectrum = spread.spectrum(with_first)
        assert spectrum is not None
        assert spectrum.shares[0] > 0.9
        assert spectrum.cosine > 0.9


def test_a_control_moves_the_activations_far_less(found: Differences) -> None:
    control = measure(_pair("control"), DOCUMENTS[:USUAL], language.LENGTH)
    assert control.mean[1:].norm(dim=-1).mean() < found.mean[1:].norm(dim=-1).mean() / 4


def test_a_small_share_of_the_fine_tune_reads_already(topic: Pair, found: Differences) -> None:
    lengths = [0.0]
    for share in (0.1, 0.5):
        between = Pair(topic.base, topic.scaled(share), topic.tokenizer, topic.layer, topic.scaled)
        differences = measure(between, DOCUMENTS[:USUAL], max(READ) + 1)
        assert _relevance(between, differences) >= 0.9
        lengths.append(float(differences.mean[1:].norm(dim=-1).mean()))
    assert lengths == sorted(lengths)
    assert lengths[-1] < found.mean[1:6].norm(dim=-1).mean()


def test_unrelated_documents_beside_those_of_the_topic_remove_it(topic: Pair, found: Differences) -> None:
    pair = _tuned(FineTune(TOPIC, unrelated=16))
    mixed = measure(pair, DOCUMENTS[:USUAL], language.LENGTH)
    assert _relevance(pair, mixed) <= _relevance(topic, found) - 0.5
    assert mixed.mean[1:].norm(dim=-1).mean() < found.mean[1:].norm(dim=-1).mean() / 4


def test_the_base_pushed_along_it_writes_about_the_topic(topic: Pair, found: Differences) -> None:
    prompts = [topic.tokenizer.encode(text)[:4] for text in DOCUMENTS[:100]]
    along = push(topic.layer, common_direction(found), found.usual_norm, 1.0)
    counts = [
        [
            sum(word in language.TOPICS[TOPIC] for word in topic.tokenizer.decode(ids).split())
            for ids in write(side, topic.tokenizer, prompts, DECODING, seed=1)
        ]
        for side in (topic.base, steered(topic.base, along))
    ]
    more = fmean((1 + (pushed > plain) - (pushed < plain)) / 2 for plain, pushed in zip(*counts, strict=True))
    assert more >= 0.95

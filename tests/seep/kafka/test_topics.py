"""How topics are created."""

from seep.kafka.topics import DEAD_LETTERS, GENERATIONS, RATES, RUNS, SCORES, WAITS, topic_configs
from seep.runtime.stage import LARGEST_MESSAGE
from seep.settings import Topics


def test_every_target_has_a_topic_of_its_own_beside_the_common_ones() -> None:
    common = {GENERATIONS, SCORES, RUNS, RATES, WAITS, DEAD_LETTERS}
    assert set(topic_configs(["a", "b"], Topics())) == {"seep.jobs.a", "seep.jobs.b"} | common


def test_a_compacted_topic_has_one_partition_however_many_others_have() -> None:
    configs = topic_configs(["a"], Topics(partitions=12))
    compacted = {name for name, config in configs.items() if config.options.get("cleanup.policy") == "compact"}
    assert compacted == {RUNS, RATES, WAITS}
    assert {config.options.get("max.message.bytes") for name, config in configs.items() if name in compacted} == {
        "1048576"
    }
    assert {name: config.partitions for name, config in configs.items()} == {
        name: 1 if name in compacted else 12 for name in configs
    }


def test_the_brokers_clock_counts_in_every_topic_and_dead_letters_have_room_for_the_largest_message() -> None:
    configs = topic_configs(["a"], Topics())
    assert {config.options["message.timestamp.type"] for config in configs.values()} == {"LogAppendTime"}
    size = {name: int(config.options["max.message.bytes"]) for name, config in configs.items()}
    assert size[DEAD_LETTERS] > size[GENERATIONS] == size[SCORES] == size["seep.jobs.a"] > LARGEST_MESSAGE

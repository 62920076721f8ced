"""Messages that are on a topic already stay readable: no field changes its number or type, and none goes."""

import json
from pathlib import Path

from google.protobuf.descriptor import Descriptor

from seep.v1 import jobs_pb2, runs_pb2

CONTRACT = Path(__file__).with_name("wire_contract.json")


def described(message: Descriptor) -> dict[str, str]:
    """Number, type, repetition and presence of every field, by name; nested types as messages of their own."""
    fields = {
        field.name: f"{field.number} {field.type} {'repeated' if field.is_repeated else 'single'}"
        f" {'presence' if field.has_presence else 'plain'} {field.message_type.full_name if field.message_type else ''}"
        for field in message.fields
    }
    return {name: text.strip() for name, text in fields.items()}


def contract() -> dict[str, dict[str, str]]:
    """Every message of the protos, as the code has it now."""
    messages: list[Descriptor] = []
    for module in (jobs_pb2, runs_pb2):
        for message in module.DESCRIPTOR.message_types_by_name.values():
            messages += [message, *message.nested_types]
    return {message.full_name: described(message) for message in messages}


def test_every_field_that_was_ever_sent_is_as_it_was() -> None:
    now = contract()
    for message, fields in json.loads(CONTRACT.read_text(encoding="utf-8")).items():
        assert message in now, f"{message} is gone"
        changed = {name: kind for name, kind in fields.items() if now[message].get(name) != kind}
        assert not changed, f"{message}: these fields were otherwise on messages already sent: {changed}"


def test_the_contract_knows_every_field() -> None:
    assert json.loads(CONTRACT.read_text(encoding="utf-8")) == contract(), (
        f"fields were added: record them with `python {Path(__file__).relative_to(Path.cwd())}`"
    )


def with_additions(known: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """What was sent so far, unchanged, and what is new."""
    return {message: fields | known.get(message, {}) for message, fields in contract().items()} | {
        message: fields for message, fields in known.items() if message not in contract()
    }


if __name__ == "__main__":
    sent = json.loads(CONTRACT.read_text(encoding="utf-8"))
    CONTRACT.write_text(json.dumps(with_additions(sent), indent=1) + "\n", encoding="utf-8")

"""Changes messages of the wire by their fields: they stay messages, which bytes changed anywhere mostly do not."""

from random import Random
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

TEXTS = (
    *("", "a", "1", "all", "\0", "\ud7ff", "\u202e", "a\nb", "x" * 5000, "9" * 400, "-1", "../..", "nan"),
    *(
        "control",
        "test",
        "job",
        "sample",
        "sentence",
        "stop",
        "length",
        "error",
        "chat",
        "semantic",
        "language",
        "leak",
    ),
)
# All whole numbers of the wire are uint32.
NUMBERS = (0, 1, 2, 3, 10, 1000, 2**31 - 1, 2**31, 2**32 - 1)
FRACTIONS = (0.0, -0.0, 0.5, 1.0, -1.0, 100.0, 1e308, -1e308, 5e-324, float("nan"), float("inf"), float("-inf"))


def change(message: Message, random: Random) -> None:
    """Gives one field, of the message or of one within it, another value, one more, one less, or none."""
    field = random.choice(message.DESCRIPTOR.fields)
    if random.random() < 0.1:
        message.ClearField(field.name)
    elif _is_map(field):
        _change_map(getattr(message, field.name), field, random)
    elif field.is_repeated:
        _change_list(getattr(message, field.name), field, random)
    elif field.message_type is not None:
        change(getattr(message, field.name), random)
    else:
        setattr(message, field.name, _value(field, random))


def _change_map(entries: Any, field: FieldDescriptor, random: Random) -> None:
    key, value = (field.message_type.fields_by_name[name] for name in ("key", "value"))
    if value.message_type is None:
        entries[_value(key, random)] = _value(value, random)
    else:
        change(entries[_value(key, random)], random)


def _change_list(values: Any, field: FieldDescriptor, random: Random) -> None:
    place = random.randrange(len(values) + 1)
    if place < len(values) and random.random() < 0.2:
        del values[place]
    elif field.message_type is None:
        values.append(_value(field, random))
    else:
        change(values[place] if place < len(values) else values.add(), random)


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def _value(field: FieldDescriptor, random: Random) -> object:
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return random.choice(TEXTS) if field.type == FieldDescriptor.TYPE_STRING else random.randbytes(4)
    if field.cpp_type in (FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT):
        return random.choice(FRACTIONS)
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return random.random() < 0.5
    return random.choice(NUMBERS)

"""What cannot be stored or seen is replaced, and nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from seep.characters import printable_name, whole_characters


@given(st.text(st.characters()))
def test_every_text_can_be_sent_and_whole_characters_stay(text: str) -> None:
    whole = whole_characters(text)
    whole.encode()
    assert len(whole) == len(text)
    assert all(now == before or "\ud800" <= before <= "\udfff" for now, before in zip(whole, text, strict=True))


def test_a_name_is_one_bounded_line() -> None:
    assert printable_name("org/model:7b ü") == "org/model:7b ü"
    assert printable_name("a\nb\0\ud83d\u202e") == "a\ufffdb\ufffd\ufffd\ufffd"
    assert len(printable_name("m" * 1000)) == 200

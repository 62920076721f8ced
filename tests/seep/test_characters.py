"""What cannot be stored or seen is replaced, and nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from seep.characters import printable_name, visible, whole_characters


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


def test_what_a_terminal_would_obey_is_escaped_and_letters_stay() -> None:
    assert visible("Größe 夕食\u3000😀") == "Größe 夕食\u3000😀"
    assert visible("a\x1b[2J\nb\a\x9b\u202e\ud83d") == r"a\x1b[2J\nb\x07\x9b\u202e\ud83d"

"""The picture of what changes places, as it stands in the documents."""

from benchmarks.validity.exchange_picture import PICTURE, picture


def test_the_picture_in_the_documents_is_the_one_that_is_drawn() -> None:
    assert PICTURE.read_text(encoding="utf-8") == picture()

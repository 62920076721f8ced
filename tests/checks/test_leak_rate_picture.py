"""The picture is well-formed, stays within its frame, and loads nothing from elsewhere."""

from xml.etree import ElementTree

from checks.leak_rate_picture import ARMS, HEIGHT, WIDTH, picture


def test_every_mark_lies_within_the_frame() -> None:
    drawn = list(ElementTree.fromstring(picture()))
    places = [
        (name, float(each.get(name, 0))) for each in drawn for name in ("x", "cx", "x1", "x2", "y", "cy", "y1", "y2")
    ]
    assert len(drawn) > 20
    assert all(0 <= value <= (WIDTH if "x" in name else HEIGHT) for name, value in places)


def test_each_arm_has_its_prompt_and_answer_and_nothing_is_fetched() -> None:
    text = picture()
    for arm, (_, prompt, answer, _) in ARMS.items():
        assert all(f">{part}<" in text for part in (arm, prompt, answer))
    assert text.count("http") == text.count("http://www.w3.org/2000/svg") == 1

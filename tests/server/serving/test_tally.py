"""What two versions did, as it is counted."""

from server.serving.tally import Arm


def test_answers_that_took_the_same_time_are_counted_as_one_by_one() -> None:
    one, other = Arm(), Arm()
    for label in ("3", "8", "3"):
        one.note(0.0625, label)
    other.note_all(0.0625, ["3", "8", "3"])
    assert one == other

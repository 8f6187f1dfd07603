"""How many pictures are lacking, and how that is said."""

from server.store.enough import ENOUGH, advice, lacking


def test_only_what_is_lacking_is_said() -> None:
    assert ENOUGH == 12
    assert lacking(("cat", "dog", "owl"), {"cat": 4, "dog": 12}) == {"cat": 8, "owl": 12}
    assert lacking(("dog",), {"dog": 30}) == {}


def test_it_says_what_to_bring() -> None:
    assert advice({"cat": 8}) == "8 more of 'cat' and a version can be trained"
    assert advice({"cat": 8, "owl": 1}) == "8 more of 'cat' and 1 more of 'owl' and a version can be trained"
    many = advice({str(number): 2 for number in range(8)})
    assert many.endswith("and 2 more of '4' and some more of 3 other classes and a version can be trained")

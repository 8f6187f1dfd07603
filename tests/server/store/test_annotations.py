"""One upload's words against what is known, without a database."""

from server.store.annotations import Known, Said

A, B = "a" * 64, "b" * 64
DOUBT = (0.001, "7")


def words(said: Said) -> list[tuple[str, str, bool]]:
    return [(each.sha256, each.label, each.probability is not None) for each in said.annotations]


def test_a_word_for_a_new_image_is_new() -> None:
    said = Said({})
    assert said.add(A, "1", None)
    assert said.add(B, "2", DOUBT)
    assert words(said) == [(A, "1", False), (B, "2", True)]
    assert said.fresh == said.touched == {A, B}


def test_what_is_in_force_is_not_said_again() -> None:
    said = Said({A: Known("1", None)})
    assert not said.add(A, "1", None)
    assert not said.add(A, "1", DOUBT)
    assert words(said) == []
    assert said.touched == set()


def test_a_known_image_with_another_label_is_touched_but_not_fresh() -> None:
    said = Said({A: Known("1", None)})
    assert said.add(A, "2", None)
    assert (said.fresh, said.touched) == (set(), {A})


def test_a_suspicion_is_not_said_again_but_may_be_confirmed() -> None:
    said = Said({A: Known("1", "2")})
    assert not said.add(A, "2", DOUBT)
    assert said.add(A, "2", None)
    assert words(said) == [(A, "2", False)]


def test_the_label_in_force_without_doubt_answers_a_suspicion() -> None:
    said = Said({A: Known("1", "2")})
    assert not said.add(A, "1", DOUBT)
    assert said.add(A, "1", None)
    assert words(said) == [(A, "1", False)]


def test_the_last_of_one_uploads_words_counts() -> None:
    said = Said({})
    assert [said.add(A, label, None) for label in ("1", "2", "2", "3")] == [True, True, False, True]
    assert words(said) == [(A, "3", False)]


def test_a_doubted_word_stands_beside_a_plain_one_of_the_same_upload() -> None:
    said = Said({})
    assert said.add(A, "1", None)
    assert said.add(A, "2", DOUBT)
    assert said.add(A, "3", DOUBT)
    assert words(said) == [(A, "1", False), (A, "3", True)]
    assert said.add(A, "4", None)
    assert words(said) == [(A, "4", False)]

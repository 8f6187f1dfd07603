"""Guards of what a training doubts: judged without the label, asked once, and nothing without the uploads."""

from tests.mutants.mutant import mutant

DOUBTS, STANDING = "server/store/doubts.py", "server/store/standing.py"
DISAGREEMENT = "server/routes/disagreement.py"
DISAGREEING = "system/test_disagreement.py::test_"
TESTS = "server/store/test_doubts.py::test_"

MUTANTS = (
    mutant(
        "a version disagrees by what the classes are called now",
        DISAGREEMENT,
        "called = await work(service.memory.classes.called, model.labels)",
        "called = list(model.labels)",
        DISAGREEING + "classes_are_compared_by_what_they_are_called_now",
    ),
    mutant(
        "a page of disagreements goes on where it ended",
        DISAGREEMENT,
        "return found, _place(picture, selection)\n",
        "return found, page.next\n",
        DISAGREEING + "labels_are_found_that_the_current_version_says_otherwise[2]",
    ),
    mutant(
        "an image is judged by what never saw its label",
        "trainer/label_errors.py",
        "others = np.flatnonzero(~mine)",
        "others = np.arange(len(classes))",
        "trainer/test_label_errors.py::test_an_image_is_judged_without_its_own_label",
    ),
    mutant(
        "what is doubted is nothing without the uploads",
        STANDING,
        "is_there |= revision is None and each.source != DOUBTED",
        "is_there |= revision is None",
        TESTS + "without_the_upload_there_is_nothing_to_doubt",
    ),
    mutant(
        "the label that would be instead is not doubted",
        STANDING,
        "[each] if in_force is not None and in_force.label != each.label else []",
        "[each] if in_force is not None else []",
        TESTS + "under_an_upload_that_is_undone_is_perhaps_the_label_that_was_meant",
    ),
    mutant(
        "what goes with its upload is in force no more",
        "server/store/annotations.py",
        "in_force = holds.in_force if holds.is_there else None",
        "in_force = holds.in_force",
        "server/store/test_check.py::test_nothing_of_a_relabelled_picture_is_in_force_once_its_upload_is_undone",
    ),
    mutant(
        "who has answered is not asked again",
        DOUBTS,
        "and each.sha256 not in answered",
        "",
        TESTS + "who_has_answered_is_not_asked_again[reject]",
    ),
    mutant(
        "what changed meanwhile is not doubted",
        DOUBTS,
        "and shown(row.label) == each.label",
        "",
        TESTS + "a_label_that_is_another_by_now_is_not_doubted",
    ),
    mutant(
        "what waits because of an upload stays as it is",
        DOUBTS,
        "and (row.suspect_id is None or row.id in mine)",
        "",
        TESTS + "what_waits_because_of_an_upload_is_asked_of_as_it_is",
    ),
    mutant(
        "the surest is looked at first",
        DOUBTS,
        "for each in reversed(doubts)",
        "for each in doubts",
        TESTS + "the_surest_is_looked_at_first_and_what_is_in_force_counts_until_then",
    ),
)

"""Guards of samples: few, no two alike, drawn without bias, never another picture than was seen; and of days' sums."""

from tests.mutants.mutant import mutant

SAMPLES, COLLECTOR, KEEPING = "server/store/samples.py", "server/observe/collector.py", "server/serving/keeping.py"
REVIEW, ACCURACY, FEEDBACK = "server/store/review.py", "server/store/accuracy.py", "server/routes/feedback.py"
STORED, COLLECTED = "server/store/test_samples.py::test_", "server/observe/test_collector.py::test_"
DAYS, DAILY = "server/store/days.py", "server/observe/daily.py"

MUTANTS = (
    mutant(
        "near copies of a sample are left out",
        SAMPLES,
        '                if is_near(row["likeness"], known):\n                    continue\n',
        "",
        f"{STORED}of_near_copies_one_is_kept_but_each_of_the_random_ones[sqlite]",
    ),
    mutant(
        "no random sample is left out for being like another",
        SAMPLES,
        '            if row["why"] != Why.RANDOM:\n                if is_near',
        "            if True:\n                if is_near",
        f"{STORED}of_near_copies_one_is_kept_but_each_of_the_random_ones[sqlite]",
    ),
    mutant(
        "an hour has no more samples of a reason than it may",
        SAMPLES,
        ".all()[most:]",
        ".all()[:0]",
        f"{STORED}of_each_reason_and_hour_the_lowest_ranks_are_kept[sqlite]",
    ),
    mutant(
        "a random sample's probability goes down with those that had to go",
        SAMPLES,
        "            connection.execute(lower.values(probability=beyond[0].rank))\n",
        "            pass\n",
        f"{STORED}the_random_ones_say_how_probable_they_were[sqlite]",
    ),
    mutant(
        "samples have a bound in all",
        SAMPLES,
        "            if number > caps.samples or size > caps.bytes:\n",
        "            if False:\n",
        f"{STORED}the_oldest_go_beyond_the_number_and_the_bytes[sqlite]",
    ),
    mutant(
        "nothing is offered to an hour that is full",
        COLLECTOR,
        " or rank >= self._gates.get((why, hour), np.inf)",
        "",
        f"{COLLECTED}a_flood_is_bounded_on_its_way_and_counted[sqlite]",
    ),
    mutant(
        "an hour is open again once its samples were removed",
        COLLECTOR,
        "if self._waiting or self._gates:",
        "if self._waiting:",
        f"{COLLECTED}an_hour_that_is_full_stays_so_until_somebody_removes_samples[sqlite]",
    ),
    mutant(
        "what the model saw is copied out of its rows",
        KEEPING,
        "images.copy()",
        "images",
        f"{COLLECTED}what_was_seen_is_kept_and_not_what_comes_after_it_in_the_same_rows",
    ),
    mutant(
        "pictures that are held back have a bound",
        KEEPING,
        "        if self._bytes + images.nbytes > LIMIT_BYTES:\n",
        "        if False:\n",
        f"{COLLECTED}pictures_beyond_what_is_held_are_counted[sqlite]",
    ),
    mutant(
        "a near copy of what is told waits at the end of the queue",
        REVIEW,
        "        nearest = np.minimum(nearest, _distances(bits, other))\n",
        "        pass\n",
        "server/store/test_review.py::test_a_likeness_of_one_that_is_told_comes_last",
    ),
    mutant(
        "what is nearer to a known class than to a new one is not taken for the new one",
        REVIEW,
        "(new < far) & ",
        "",
        "server/store/test_review.py::test_no_second_copy_is_asked_of_a_new_class_nor_what_is_nearer_to_a_known_one",
    ),
    mutant(
        "what was reviewed out of turn does not count",
        ACCURACY,
        " if each.rank < waiting else None",
        "",
        "server/store/test_accuracy.py::test_what_was_looked_at_out_of_turn_does_not_count",
    ),
    mutant(
        "several pictures of a request are not guessed among",
        FEEDBACK,
        "    if len({each.sha256 for each in found}) > 1:\n",
        "    if False:\n",
        "system/test_feedback.py::test_of_several_pictures_of_a_request_one_is_named_by_its_position",
    ),
    mutant(
        "days have a bound",
        DAYS,
        "            if has_begun:\n",
        "            if False:\n",
        "server/store/test_days.py::test_the_oldest_days_make_room[sqlite]",
    ),
    mutant(
        "a day's labels have a bound",
        DAYS,
        "len(known) < LABELS_LIMIT",
        "True",
        "server/store/test_days.py::test_labels_beyond_the_bound_are_counted_together[sqlite]",
    ),
    mutant(
        "a day's sums that could not be stored wait",
        DAILY,
        "            since, self._waiting = self._waiting, waiting\n",
        "            since = self._waiting\n",
        "server/observe/test_daily.py::test_a_locked_database_has_the_answers_later[sqlite]",
    ),
    mutant(
        "what waits for a day's sums has a bound",
        DAILY,
        "                del self._waiting[next(iter(self._waiting))]\n",
        "                pass\n",
        "server/observe/test_daily.py::test_what_waits_is_bounded[sqlite]",
    ),
)

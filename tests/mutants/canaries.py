"""Guards of a canary and a watch: that no request fails by them, that what counts judges, and that they end once."""

from tests.mutants.mutant import mutant

STORE, ATTEMPTS, JUDGE = "server/store/canaries.py", "server/serving/attempts.py", "server/serving/judge.py"
FACTS, SHADOW = "server/store/canary.py", "server/serving/shadow.py"
COUNTED = "server/observe/rollouts.py"
COST, COSTS = "server/serving/cost.py", "server/serving/test_cost.py::"
ENDS, FALLS, VERDICTS = (
    "server/store/test_canaries.py::",
    "server/serving/test_attempts.py::",
    "server/serving/test_judge.py::",
)

MUTANTS = (
    mutant(
        "a canary ends once",
        STORE,
        """        with self._database.write() as connection:
            row = self._open_in(connection)
            if row is None or row.id != number:
                return False
""",
        """        with self._database.read() as connection:
            row = connection.execute(select(canary).where(canary.c.id == number)).one()
        with self._database.write() as connection:
""",
        ENDS + "test_of_many_that_end_it_one_does",
    ),
    mutant(
        "a canary is promoted only from where it began",
        STORE,
        "if row.move_id != self._moves_in(connection) and verdict.outcome != Outcome.STOPPED:",
        "if False:",
        ENDS + "test_it_is_promoted_from_nowhere_else",
    ),
    mutant(
        "the current version is no canary",
        STORE,
        "if against is None or against == version:",
        "if against is None:",
        ENDS + "test_there_is_one_at_a_time_and_never_the_current",
    ),
    mutant(
        "what are no probabilities is answered by the current version",
        ATTEMPTS,
        "if not abs(float(prediction.probabilities.sum()) - 1) < SUM_TOLERANCE:  # as it is for NaN",
        "if False:",
        FALLS + "test_a_request_that_it_fails_is_answered_by_the_current_version",
    ),
    mutant(
        "what the canary had admitted finds room behind it",
        ATTEMPTS,
        "self._attempts.behind.submit_for(self._receiver, self._rows, is_admitted=True)",
        "self._attempts.behind.submit_for(self._receiver, self._rows)",
        FALLS + "test_there_is_always_room_behind_it",
    ),
    mutant(
        "a canary's full queue refuses nobody",
        ATTEMPTS,
        "                raise\n            attempt.fall_back()",
        "                pass\n            raise",
        FALLS + "test_a_full_queue_of_its_own_refuses_nobody",
    ),
    mutant(
        "what waits too long is given away",
        ATTEMPTS,
        "now - each.started > LATE_SECONDS",
        "False",
        FALLS + "test_one_that_waits_too_long_is_given_to_the_current_version",
    ),
    mutant(
        "a small shift of the labels is none",
        JUDGE,
        "if sum(map(abs, shifts.values())) / 2 < SHIFT:",
        "if False:",
        VERDICTS + "test_a_difference_too_small_to_matter_is_none",
    ),
    mutant(
        "a shift that chance makes is none",
        JUDGE,
        "    if found < _ENOUGH:\n        return None\n    most",
        "    most",
        VERDICTS + "test_a_difference_that_chance_may_make_is_none",
    ),
    mutant(
        "one slow request is not yet slowness",
        JUDGE,
        "    if found < _ENOUGH + log(len(BOUNDS)):\n        return None\n",
        "",
        VERDICTS + "test_one_slow_request_of_few_may_be_chance",
    ),
    mutant(
        "too few requests promote nothing",
        JUDGE,
        "if requests < canary.requests:",
        "if False:",
        VERDICTS + "test_one_that_does_not_differ_goes_on_until_its_time_is_up",
    ),
    mutant(
        "one that is watched and worse goes back",
        STORE,
        "elif verdict.outcome == Outcome.RETURNED and row.role == Role.WATCH:",
        "elif False:",
        ENDS + "test_one_that_was_watched_goes_back_with_the_reason",
    ),
    mutant(
        "a canary that is returned moves nothing",
        STORE,
        "elif verdict.outcome == Outcome.RETURNED and row.role == Role.WATCH:",
        "elif verdict.outcome == Outcome.RETURNED:",
        ENDS + "test_one_that_is_worse_moves_nothing_and_stands_among_the_ends",
    ),
    mutant(
        "to go back is no promotion, whatever the number",
        STORE,
        'verdict.why, version, "rolled back")',
        "verdict.why, version)",
        ENDS + "test_back_to_a_later_version_is_back_as_well",
    ),
    mutant(
        "a watched version is held to as many of the one before",
        FACTS,
        "return self.percent / 100 if self.role is Role.CANARY else 0.5",
        "return self.percent / 100",
        VERDICTS + "test_a_watched_version_is_held_to_as_many_of_the_one_before",
    ),
    mutant(
        "a patient one keeps what waits",
        ATTEMPTS,
        "late = [] if self.is_patient else",
        "late =",
        FALLS + "test_a_patient_one_keeps_what_waits",
    ),
    mutant(
        "a busy moment is nobody's cost",
        COST,
        "its, usual = min(its, one()), min(usual, other())",
        "pass",
        COSTS + "test_a_busy_moment_is_nobodys_cost",
    ),
    mutant(
        "what costs little more than it can be measured to is not costly",
        COST,
        " and its - usual > LEAST_SECONDS * pictures",
        "",
        COSTS + "test_twice_as_much_is_much_where_it_can_be_told",
    ),
    mutant(
        "few pictures wait for a shadow",
        SHADOW,
        "if len(self._waiting) < WAITING_LIMIT:",
        "if True:",
        "server/serving/test_shadow.py::test_what_it_has_no_time_for_is_dropped_and_counted",
    ),
    mutant(
        "a shadow that only looks is not ended by what would change",
        JUDGE,
        "if found is None and canary.next_seconds and is_much:",
        "if found is None and is_much:",
        VERDICTS + "test_much_that_would_change_is_a_finding_where_a_canary_would_follow",
    ),
    mutant(
        "of several workers one counts an end",
        COUNTED,
        "if over.outcome is not None and self._first.is_mine(str(over.id)):",
        "if over.outcome is not None:",
        "server/observe/test_rollouts.py::test_an_end_is_counted_by_one_worker_and_every_end_there_can_be_is_there_before",
    ),
    mutant(
        "what was counted is counted once",
        COUNTED,
        "        self._counted[comparison] = so_far\n",
        "",
        "server/observe/test_rollouts.py::test_what_was_counted_is_told_once_however_often_it_is_looked_at",
    ),
    mutant(
        "a version that is tried first does not serve",
        "server/store/versions.py",
        "            if serves:\n",
        "            if True:\n",
        "server/store/test_policies.py::test_versions_that_were_found_worse_in_their_trials_are_refusals[sqlite]",
    ),
    mutant(
        "a canary that begins by itself is watched as the policy says",
        STORE,
        "Wish(PERCENT, row.next_seconds, REQUESTS, self._watch_seconds_in(connection))",
        "Wish(PERCENT, row.next_seconds, REQUESTS)",
        ENDS + "test_what_a_retrain_brought_goes_from_shadow_to_canary_to_watch_and_serves_in_between",
    ),
)

"""Guards of a retrain that nobody starts."""

from tests.mutants.mutant import mutant

OCCASION, POLICIES, ELAPSED = "server/store/occasion.py", "server/store/policies.py", "server/store/elapsed.py"
FACTS, LOG = "server/store/policy_facts.py", "server/store/policy_log.py"
INVARIANT = "server/store/test_occasion.py::test_whatever_the_facts_no_guard_is_passed"
GUARD = "server/store/test_occasion.py::test_a_guard_holds_up_what_there_is_occasion_for"


def tests(*names: str) -> tuple[str, ...]:
    return tuple(f"server/store/test_policies.py::test_{name}[sqlite]" for name in names)


MUTANTS = (
    mutant(
        "a policy that is off begins nothing",
        OCCASION,
        "if policy.mode is Mode.OFF:",
        "if False:",
        "server/store/test_occasion.py::test_enough_labels_are_an_occasion",
    ),
    mutant(
        "nothing begins within the cooldown", OCCASION, "facts.last_seconds < policy", "False and policy", INVARIANT
    ),
    mutant("a day has so many runs", OCCASION, "if today >= policy.runs_a_day:", "if False:", INVARIANT),
    mutant("labels that come are waited for", OCCASION, "facts.quiet_seconds < quiet", "False", INVARIANT),
    mutant("what was stopped stays so", OCCASION, "if facts.is_stopped:", "if False:", GUARD),
    mutant("one proposal waits", OCCASION, "if facts.is_proposed:", "if False:", GUARD),
    mutant(
        "refusals in a row stop it",
        OCCASION,
        "if facts.refusals >= policy.refusals and not facts.is_stopped:",
        "if False:",
        *tests("refusals_in_a_row_stop_it_until_somebody_resumes_it"),
    ),
    mutant(
        "the facts are read again where they can't change",
        POLICIES,
        "facts, decision = self._weigh(connection, elapsed, alarms, hindered)",
        "facts, decision = Facts(elapsed.now()), Decision(expected, ())",
        *tests("of_many_workers_one_begins_one_job"),
    ),
    mutant(
        "a proposal is answered once",
        POLICIES,
        "if row.open is None:",
        "if False:",
        *tests("a_proposal_stands_until_it_is_accepted"),
    ),
    mutant(
        "a policy is changed as it was seen",
        POLICIES,
        "expect(known.revision)",
        "pass",
        *tests("a_change_by_somebody_who_saw_another_changes_nothing"),
    ),
    mutant(
        "a proposal that has nothing to propose goes",
        POLICIES,
        "if waiting is not None and _is_stale(facts):",
        "if False:",
        "server/store/test_policies.py::"
        "test_a_proposal_that_has_nothing_to_propose_any_more_is_withdrawn[sqlite-its labels went]",
    ),
    mutant(
        "the same again is one row",
        POLICIES,
        "if row is not None and _is_same(row, decision):",
        "if False:",
        *tests("the_same_again_is_one_row"),
    ),
    mutant(
        "a training that failed has learned nothing",
        FACTS,
        ' & (job.c.state != "failed")',
        "",
        *tests("a_training_counts_labels_anew_and_one_that_failed_does_not"),
    ),
    mutant(
        "a label that was taken back does not count",
        FACTS,
        " & lesson.c.until.is_(None)",
        "",
        *tests("a_label_that_was_taken_back_does_not_count"),
    ),
    mutant(
        "an age is counted by a clock that does not jump",
        ELAPSED,
        "moment = self._moments.pop(written, None)",
        "moment = None",
        "server/store/test_policies.py::test_a_clock_that_jumps_neither_hastens_nor_holds_up_a_run[sqlite-jump0]",
    ),
    mutant(
        "what is dated in the future is of just now",
        ELAPSED,
        "max(age, 0.0)",
        "age",
        *tests("a_worker_that_starts_after_the_clock_went_back_waits_one_cooldown"),
    ),
    mutant("nothing begins beside a trial", OCCASION, "if facts.tried is not None:", "if False:", INVARIANT),
    mutant(
        "what a trial found worse is a refusal",
        FACTS,
        " or run.job_id in returned",
        "",
        *tests("versions_that_were_found_worse_in_their_trials_are_refusals"),
    ),
    mutant("rows are bounded", LOG, "if beyond is not None:", "if False:", *tests("rows_are_bounded_in_number")),
)

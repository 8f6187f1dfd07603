"""Guards of traces, and of what is done once by a key wherever a call takes one."""

from tests.mutants.mutant import mutant

TRACING, TRACED = "server/observe/tracing.py", "system/test_tracing.py::"

MUTANTS = (
    mutant(
        "who asks for no record of a trace has none",
        TRACING,
        "sampled.decision is Decision.RECORD_AND_SAMPLE",
        "sampled is not None",
        TRACED + "test_who_asks_for_no_record_has_none",
    ),
    mutant(
        "a stop waits for no collector",
        TRACING,
        "await asyncio.to_thread(sending.join, STOP_SECONDS)",
        "await asyncio.to_thread(sending.join)",
        TRACED + "test_a_server_stops_in_time_though_no_collector_answers",
    ),
    mutant(
        "a trainer has no key of the collector's",
        "server/training/launcher.py",
        'if f.metadata["secret"]} | COLLECTOR_KEYS',
        'if f.metadata["secret"]}',
        TRACED + "test_a_job_goes_on_with_the_trace_of_who_began_it",
    ),
    mutant(
        "a job's row says the trace that it is of",
        "server/routes/jobs.py",
        "held = of_trace(held_to(service.settings), traceparent_of(request))",
        "held = held_to(service.settings)",
        TRACED + "test_a_runner_that_waits_goes_on_with_the_trace_that_a_job_names",
    ),
    mutant(
        "what the policy begins has a span",
        "server/training/steward.py",
        "                end(looked.job)\n",
        "                pass\n",
        TRACED + "test_what_the_policy_begins_is_a_trace_of_its_own",
    ),
    mutant(
        "a promotion's answer is written down with its move",
        "server/store/versions.py",
        "            note(connection)\n",
        "",
        "system/test_once_everywhere.py::test_a_promotion_moves_once_whatever_came_between",
    ),
)

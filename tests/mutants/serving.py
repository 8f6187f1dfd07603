"""Guards of the queue, of what answers, and of a take-over."""

from tests.mutants.mutant import mutant

BATCHER, EXPRESS = "server/serving/batcher.py", "server/predict/express.py"
TAKEOVER, PRESENCE, WORKERS = "server/serving/takeover.py", "server/serving/presence.py", "server/store/workers.py"
QUEUE, STARTS = "server/serving/test_batcher.py::", "server/serving/test_presence.py::"
LISTED = "server/store/test_workers.py::"

MUTANTS = (
    mutant(
        "a full queue refuses at once",
        BATCHER,
        "if not self.has_room(rows):",
        "if False:",
        QUEUE + "test_a_full_queue_refuses_at_once_and_takes_again_later",
    ),
    mutant(
        "a row that waited too long is refused",
        BATCHER,
        "if now - caller.submitted > self._timeout_seconds:",
        "if False:",
        QUEUE + "test_a_stale_row_is_refused_and_the_next_answered",
    ),
    mutant(
        "the row of a caller that left is withdrawn",
        BATCHER,
        "if caller.receiver.done():  # withdrawn, or failed in an earlier batch",
        "if False:",
        QUEUE + "test_the_rows_of_a_caller_that_left_are_not_run",
    ),
    mutant(
        "a caller that left in the batch is answered nothing",
        BATCHER,
        "if len(answer.results) == len(caller.rows) and not caller.receiver.done():",
        "if len(answer.results) == len(caller.rows):",
        QUEUE + "test_a_caller_that_leaves_while_its_batch_runs_costs_the_others_nothing",
    ),
    mutant(
        "callers with many rows take turns",
        BATCHER,
        "count = min(left, TURN, self._batch_limit - size)",
        "count = min(left, self._batch_limit - size)",
        QUEUE + "test_a_caller_with_many_rows_does_not_hold_up_the_others",
    ),
    mutant(
        "no batch is larger than its limit",
        BATCHER,
        "count = min(left, TURN, self._batch_limit - size)",
        "count = min(left, TURN)",
        QUEUE + "test_no_batch_is_larger_than_its_limit",
    ),
    mutant(
        "a batch that fails is told to its callers",
        BATCHER,
        "                _fail(members, error)\n            self._again()",
        "                del error\n            self._again()",
        QUEUE + "test_a_failing_batch_fails_its_callers_only",
    ),
    mutant(
        "the lane takes no body over the limit",
        EXPRESS,
        "len(body) > self._body_limit_bytes or ",
        "",
        "system/test_express.py::test_a_body_over_the_limit_is_refused_on_both_ways",
    ),
    mutant(
        "the lane takes no compressed body",
        EXPRESS,
        ' or b"content-encoding" in headers',
        "",
        "system/test_express.py::test_a_body_that_says_it_is_compressed_is_refused_on_both_ways",
    ),
    mutant(
        "a ride whose client left is over",
        EXPRESS,
        "        self._is_over = True\n        self._end(CLIENT_LEFT)",
        "        self._end(CLIENT_LEFT)",
        "server/predict/test_express.py::test_a_client_that_left_withdraws_its_row",
    ),
    mutant(
        "a swap needs the leave of the pointer",
        WORKERS,
        "if int(version) != (current or 0):",
        "if False:",
        LISTED + "test_a_worker_takes_over_only_what_the_pointer_names",
    ),
    mutant(
        "a worker takes over by that leave alone",
        PRESENCE,
        "if not await self._do(self._workers.may_take_over, self._row, version):",
        "if not await self._do(self._workers.may_take_over, self._row, version) and False:",
        STARTS + "test_a_version_that_the_pointer_left_is_not_swapped_in",
    ),
    mutant(
        "a promotion waits for who is about to serve another",
        WORKERS,
        " and row.taking_over is None for row",
        " for row",
        LISTED + "test_a_worker_about_to_serve_another_version_is_waited_for",
    ),
    mutant(
        "a worker that is gone is not waited for",
        WORKERS,
        "if self._heartbeats.is_gone(row.id, row.living, row.heartbeat):",
        "if False:",
        LISTED + "test_a_worker_that_died_here_is_not_counted_and_goes_with_the_next",
    ),
    mutant(
        "a worker that was taken out joins again",
        PRESENCE,
        "if not noted:",
        "if False:",
        STARTS + "test_a_worker_that_was_taken_for_dead_joins_again",
    ),
    mutant(
        "what failed is tried again",
        TAKEOVER,
        "await asyncio.wait_for(self._aim.wait(), pause)",
        "await self._aim.wait()",
        "server/serving/test_takeover.py::test_a_load_that_failed_is_said_and_tried_again",
    ),
    mutant(
        "a take-over that failed is said",
        TAKEOVER,
        '"load", f"could not take over version {wanted}, still serving {serving}: {str(error) or repr(error)}"',
        '"load", None',
        "server/serving/test_takeover.py::test_a_load_that_failed_is_said_and_tried_again",
    ),
    mutant(
        "a start falls back along the moves",
        TAKEOVER,
        "foreseen = isinstance(error, BrokenArtifact)",
        "raise",
        "faults/test_failing_loads.py::test_a_start_looks_past_a_manifest_that_makes_no_sense",
    ),
    mutant(
        "a promotion tries the version first",
        "server/routes/models.py",
        "service.trials.check(versions.folder(number), manifest)",
        "pass",
        "system/test_first_load.py::test_a_harmful_version_is_refused_and_the_old_one_serves_on",
    ),
    mutant(
        "a promotion refuses what no worker could take over",
        "server/routes/models.py",
        "if not service.serving.fits(manifest.preprocessing):",
        "if False:",
        "system/test_other_labels.py::test_a_version_that_reads_pictures_another_way_is_refused_before_the_pointer_moves",
    ),
    mutant(
        "an upload's label is one of the model's",
        "server/routes/upload.py",
        "if claim.label not in model.labels:",
        "if False:",
        "system/test_refusals.py::test_a_label_that_is_none",
    ),
    mutant(
        "a label that is nearly impossible is doubted",
        "server/routes/upload.py",
        "if not each.was_looked_at]",
        "if False]",
        "system/test_pages.py::test_the_overview_counts_all",
    ),
)

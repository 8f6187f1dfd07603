"""Guards of the models beside the default: what makes, keeps and deletes them."""

from tests.mutants.mutant import mutant

CATALOGUE, MOUNTS, DATABASE = "server/store/catalogue.py", "server/web/mounts.py", "server/store/database.py"
STORED, MOUNTED = "server/store/test_catalogue.py::", "server/web/test_mounts.py::"
REST = "server/observe/test_ledger.py::test_what_makes_room_is_added_to_the_rest_if_that_has_a_name"

MUTANTS = (
    mutant(
        "a model's name is one that a folder can have",
        CATALOGUE,
        'if not NAME.fullmatch(name) or name == "stats":',
        "if False:",
        STORED + "test_a_name_is_one_that_a_folder_can_have[sqlite]",
    ),
    mutant(
        "what a new model's call is answered is kept",
        "server/routes/named.py",
        "                first.note(connection, 201, answer)\n",
        "",
        "system/test_once_everywhere.py::test_a_model_is_made_once_whatever_came_between",
    ),
    mutant(
        "a name is taken once, whatever its case",
        CATALOGUE,
        "func.lower(model.c.name) == name.lower()",
        "model.c.name == name",
        STORED + "test_a_name_is_taken_once_whatever_its_case[sqlite]",
    ),
    mutant(
        "the default is not deleted",
        CATALOGUE,
        "        if name == self._default:\n            raise Conflict",
        "        if False:\n            raise Conflict",
        STORED + "test_neither_the_default_nor_what_is_trained_is_deleted[sqlite]",
    ),
    mutant(
        "a model that is trained is not deleted",
        CATALOGUE,
        "if (under_way := found.first()) is not None:",
        "if (under_way := found.first()) is not None and False:",
        STORED + "test_neither_the_default_nor_what_is_trained_is_deleted[sqlite]",
    ),
    mutant(
        "a deleted model's files are given up",
        CATALOGUE,
        "            self._release(connection, number, name)\n",
        "",
        STORED + "test_nothing_is_left_of_a_model_that_is_deleted[sqlite]",
    ),
    mutant(
        "the models of another server are not served",
        CATALOGUE,
        "query.where(HERE, model.c.name != self._default)",
        "query.where(model.c.name != self._default)",
        STORED + "test_the_model_of_another_server_is_not_meant[sqlite]",
    ),
    mutant(
        "nothing is written to a deleted model",
        DATABASE,
        "            if not cleans:\n                self._name.expect(connection)\n",
        "",
        STORED + "test_who_has_a_deleted_model_open_neither_writes_to_it_nor_makes_it_anew[sqlite]",
    ),
    mutant(
        "a deleted model is not made anew by who had it open",
        DATABASE,
        "            if not self._begins:\n                raise self._gone()\n",
        "",
        STORED + "test_who_has_a_deleted_model_open_neither_writes_to_it_nor_makes_it_anew[sqlite]",
    ),
    mutant(
        "what is in use is not unloaded for another",
        MOUNTS,
        "if not each.users and not each.turn.locked()]",
        "if each is not mount and each.calls is not None]",
        MOUNTED + "test_beyond_the_limit_the_one_longest_unasked_makes_room_and_none_that_is_in_use",
    ),
    mutant(
        "what is gone is asked no more",
        MOUNTS,
        "if found is None or found.id != mount.known.id:",
        "if False:",
        MOUNTED + "test_a_model_that_is_gone_is_let_go_after_its_last_call_and_the_next_of_its_name_is_another",
    ),
    mutant(
        "what is idle while it is used stays loaded",
        MOUNTS,
        "if is_idle and not mount.users:",
        "if is_idle:",
        MOUNTED + "test_what_is_idle_is_unloaded_and_what_is_in_use_is_not",
    ),
    mutant(
        "time behind another model's job is not a job's own",
        "server/training/attendance.py",
        " or not is_next:",
        ":",
        "server/training/test_attendance.py::test_a_job_behind_another_models_is_given_its_time_from_the_end_of_that",
    ),
    mutant(
        "a worker is at every model that it has loaded",
        "server/store/workers.py",
        "(worker.c.living == name) & (worker.c.model_id == self._model.id)",
        "worker.c.living == name",
        STORED + "test_a_worker_is_at_every_model_that_it_has_loaded[sqlite]",
    ),
    mutant(
        "fewer names are told than each worker has rows for",
        "server/observe/ledger.py",
        "[: self._told]",
        "",
        "server/observe/test_ledger.py::test_all_workers_rows_are_found_and_fewer_names_told_than_each_has_rows_for",
    ),
    mutant(
        "what makes room is counted with the rest",
        "server/observe/ledger.py",
        "        rows[is_rest, HEAD:] += rows[place, HEAD:]\n",
        "",
        REST,
    ),
    mutant(
        "the rest never makes room itself",
        "server/observe/ledger.py",
        "np.where(is_rest, np.iinfo(np.int64).max, rows[:, _USED])",
        "rows[:, _USED]",
        REST,
    ),
    mutant(
        "who was killed serves no other model any more",
        "server/observe/named.py",
        "self._ledger.own[:, SEEN] = 0  # who",
        "# who",
        "server/observe/test_named.py::test_workers_add_up_and_a_dead_ones_counts_stay_but_it_serves_no_more",
    ),
    mutant(
        "what gRPC asks of another model is no figure of the default's",
        "server/grpc/calls.py",
        "                call.log = one.log\n",
        "",
        "system/test_grpc.py::test_a_model_beside_the_default_answers_as_over_http",
    ),
)

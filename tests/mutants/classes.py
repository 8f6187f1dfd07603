"""Guards of the classes: what they may be called, and when a version can be made of them."""

from tests.mutants.mutant import mutant

VOCABULARY, CLASSES, JOBS = "server/store/vocabulary.py", "server/store/classes.py", "server/routes/jobs.py"

MUTANTS = (
    mutant(
        "a name of another class is not taken",
        VOCABULARY,
        "if self.stands_for.get(becomes, name) != name:",
        "if False:",
        "server/store/test_vocabulary.py::test_what_can_not_be_is_refused",
    ),
    mutant(
        "two classes stay",
        VOCABULARY,
        "if len(self.names) <= LEAST:",
        "if False:",
        "server/store/test_vocabulary.py::test_what_can_not_be_is_refused",
    ),
    mutant(
        "a model begins once",
        CLASSES,
        "if vocabulary_in(connection, self._model.id) is not None:",
        "if False:",
        "server/store/test_classes.py::test_a_model_begins_once[sqlite]",
    ),
    mutant(
        "what a later change needs is not undone before it",
        "server/store/dataset.py",
        "            check_undone(connection, self._model.id)\n",
        "",
        "server/store/test_classes.py::test_what_a_later_change_needs_is_not_undone_before_it[sqlite]",
    ),
    mutant(
        "a retrain that comes too early is refused",
        JOBS,
        "        await work(executor, _check_enough, service)\n",
        "",
        "system/test_classes.py::test_a_model_begins_by_a_call",
    ),
)

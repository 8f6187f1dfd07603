"""Guards of the classes: what they may be called, and when a version can be made of them."""

from tests.mutants.mutant import mutant

VOCABULARY, CLASSES, JOBS = "server/store/vocabulary.py", "server/store/classes.py", "server/routes/jobs.py"
CALLED = "server/store/test_called.py::test_"

MUTANTS = (
    mutant(
        "a day's answers count for what their class is called now",
        "server/store/days.py",
        "shown(row.label) or row.label",
        "row.label",
        CALLED + "sums_of_merged_classes_are_added_up[sqlite]",
    ),
    mutant(
        "answers side by side are compared by what their classes are called now",
        "server/store/compared.py",
        "name = shown(label) or label",
        "name = label",
        CALLED + "an_end_is_read_by_the_classes_of_now_too[sqlite]",
    ),
    mutant(
        "an answer under an old name is not wrong for it",
        "server/store/compared.py",
        "shown(each.label) != shown(each.predicted)",
        "each.label != each.predicted",
        CALLED + "what_was_stored_before_a_change_counts_for_what_it_became[sqlite-of_words-renamed3-merged3]",
    ),
    mutant(
        "a shadow's answers are compared by what the classes are called now",
        "server/serving/shadow.py",
        "self._called.get(label, label)",
        "label",
        "server/serving/test_shadow.py::test_answers_are_compared_by_what_the_classes_are_called_now",
    ),
    mutant(
        "an upload is doubted by what the classes are called now",
        "server/routes/upload.py",
        "called[version] = await asyncio.to_thread(service.memory.classes.called, prediction.model.labels)",
        "called[version] = list(prediction.model.labels)",
        "system/test_classes.py::test_a_label_is_doubted_by_what_the_classes_are_called_now",
    ),
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
        "if vocabulary_in(connection, model_id) is not None:",
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
        "        await work(executor, retraining.check_enough, service.memory)\n",
        "",
        "system/test_classes.py::test_a_model_begins_by_a_call",
    ),
    mutant(
        "pictures of a removed class are left out",
        "trainer/prepare.py",
        "            without_class[example.label] += 1\n            continue\n",
        "            label = dataset.classes[0]\n",
        "trainer/test_changed_classes.py::test_renamed_merged_and_removed_classes_of_the_base",
    ),
    mutant(
        "a new class has to be learnt",
        "export/gate.py",
        "        checks += [_learnt(label, found) for label, found in new]\n",
        "",
        "export/test_shared.py::test_one_that_was_not_learnt_is_refused",
    ),
    mutant(
        "labels that nobody decided about are not compared",
        "export/gate.py",
        "if called is None or not shared(candidate.labels, current.labels, called).known.any():",
        "if False:",
        "export/test_shared.py::test_labels_that_nobody_decided_about_can_not_be_compared",
    ),
    mutant(
        "what was merged counts together",
        "export/gate.py",
        "asked(current.model, both)",
        "asked(current.model)",
        "export/test_shared.py::test_what_was_merged_is_held_to_what_both_were",
    ),
    mutant(
        "a sample is called as its class is now",
        "server/store/samples.py",
        "Sample.of(row).called(shown)",
        "Sample.of(row)",
        "server/store/test_samples.py::test_samples_are_called_as_their_classes_are_now[sqlite]",
    ),
)

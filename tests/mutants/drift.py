"""Guards of drift: an alarm is one, is of the version that serves, is for all workers, and keeps to its promise."""

from tests.mutants.mutant import mutant

ALARMS, DRIFT, REFERENCE = "server/store/alarms.py", "server/observe/drift.py", "export/reference.py"
STORED, WATCHED = "server/store/test_alarms.py::test_", "server/observe/test_drift.py::test_"

MUTANTS = (
    mutant(
        "two that see the same raise one alarm",
        ALARMS,
        "            if (found := connection.execute(mine).first()) is None:\n",
        "            if True:\n",
        f"{STORED}workers_that_see_the_same_at_one_moment_raise_one_alarm[sqlite]",
    ),
    mutant(
        "an alarm is closed once",
        ALARMS,
        "            if not connection.execute(seen).rowcount:\n",
        "            if connection.execute(seen).rowcount > 1:\n",
        f"{STORED}an_alarm_is_open_until_somebody_has_seen_it[sqlite]",
    ),
    mutant(
        "answers of another version are not held to the reference of the one that serves",
        DRIFT,
        "        mine = words >> VERSION_BITS == int(model.version)\n",
        "        mine = words >= 0\n",
        f"{WATCHED}it_begins_anew_when_the_alarm_is_closed_and_with_another_version",
    ),
    mutant(
        "a watch whose alarm was closed begins anew",
        DRIFT,
        "                self._begin(model, now)\n        if self._windows",
        "                self._alarm = None\n        if self._windows",
        f"{WATCHED}it_begins_anew_when_the_alarm_is_closed_and_with_another_version",
    ),
    mutant(
        "the threshold knows how little so many images know",
        REFERENCE,
        "    low, high = 0.0, float(places.max()) + 60 * scale\n",
        "    places = places - 3 * scale\n    low, high = 0.0, float(places.max()) + 60 * scale\n",
        "export/test_reference.py::test_half_of_the_streams_without_a_change_run_as_long_as_was_set",
    ),
)

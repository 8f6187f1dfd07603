"""Guards of a backup and of what is restored from it: of one moment, verified, whole or no service."""

from tests.mutants.mutant import mutant

MAKE, RESTORE, FACTS = (f"server/store/backup/{name}.py" for name in ("make", "restore", "facts"))
TESTS = "server/store/test_backup.py::test_"

MUTANTS = (
    mutant(
        "a backup is begun again where a file went meanwhile",
        MAKE,
        "                return True\n        return file",
        "                return False\n        return file",
        f"{TESTS}a_file_that_goes_meanwhile_is_not_missed",
    ),
    mutant(
        "workers are in no backup",
        FACTS,
        "    connection.execute(delete(worker))\n",
        "",
        f"{TESTS}what_is_restored_is_what_was_there_in_either_database",
    ),
    mutant(
        "no number is used again after a move to another database",
        FACTS,
        "            number_after(target, table, _last_number(source, table))",
        "            pass",
        f"{TESTS}a_number_that_was_used_is_not_used_again",
    ),
    mutant(
        "a backup is verified before anything is written",
        RESTORE,
        "                self._verify(backup, index)\n",
        "",
        f"{TESTS}a_byte_that_changed_is_noticed_before_anything_is_written",
    ),
    mutant(
        "nothing is restored over anything",
        RESTORE,
        "            self._expect_nothing()\n",
        "            pass\n",
        f"{TESTS}nothing_is_restored_over_anything",
    ),
    mutant(
        "no database is begun beside half a restore",
        "server/store/missing.py",
        "    if (artifacts / RESTORING).exists():",
        "    if False:",
        f"{TESTS}who_is_stopped_leaves_nothing_that_opens_as_if_whole",
    ),
)

"""Guards of the workers as processes, and of their supervisor."""

from tests.mutants.mutant import mutant

PLACE, SUPERVISED, COUNTS = "server/process/place.py", "server/process/supervised.py", "server/process/counts.py"
FILLED, COUNTED = "server/process/test_place.py::", "server/process/test_counts.py::"

MUTANTS = (
    mutant(
        "a worker that stands still is killed",
        PLACE,
        "            self.send(signal.SIGKILL)\n",
        "            pass\n",
        FILLED + "test_a_worker_that_stands_still_is_killed",
    ),
    mutant(
        "a worker is missed by looks and not by seconds",
        PLACE,
        "self._missed += 1",
        "self._missed = int(time.monotonic())",
        FILLED + "test_a_worker_that_beats_is_left_alone",
    ),
    mutant(
        "a worker that starts has more time",
        PLACE,
        "(self._hang_looks if self._beats else max(self._hang_looks, START_LOOKS))",
        "self._hang_looks",
        FILLED + "test_a_worker_that_starts_has_more_time",
    ),
    mutant(
        "who fails at start is not started in a spin",
        PLACE,
        "if self.failures else 0.0",
        "if False else 0.0",
        FILLED + "test_who_ends_at_start_is_tried_again_at_growing_distances",
    ),
    mutant(
        "distances grow up to a limit",
        PLACE,
        "min(PAUSE_SECONDS * 2 ** (self.failures - 1), LONGEST_PAUSE_SECONDS)",
        "PAUSE_SECONDS * 2 ** (self.failures - 1)",
        FILLED + "test_who_ends_at_start_is_tried_again_at_growing_distances",
    ),
    mutant(
        "a service that never starts is given up",
        "server/process/supervisor.py",
        "if all(place.failures >= TRIES and not place.has_served for place in self._places):",
        "if False:",
        "faults/test_supervisor.py::test_a_service_of_which_no_worker_ever_starts_ends_and_says_so",
    ),
    mutant(
        "a worker hears of its supervisor's end",
        SUPERVISED,
        "    os.kill(os.getpid(), signal.SIGKILL)\n",
        "",
        "server/process/test_supervised.py::test_a_worker_hears_of_its_supervisors_end",
    ),
    mutant(
        "what a killed server left is swept",
        COUNTS,
        "        _sweep(parent)\n",
        "",
        COUNTED + "test_what_a_killed_server_left_is_swept_and_a_living_ones_is_not",
    ),
    mutant(
        "what a living server has is not",
        COUNTS,
        "            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)\n",
        "",
        COUNTED + "test_what_a_killed_server_left_is_swept_and_a_living_ones_is_not",
    ),
    mutant(
        "the room for counts is taken at the start",
        COUNTS,
        ".write_bytes(bytes(size))",
        ".touch()",
        COUNTED + "test_every_place_has_its_room_on_the_disk_from_the_beginning",
    ),
    mutant(
        "what a dead worker was goes",
        COUNTS,
        "file.write(bytes(8))  # the length that is in use; the room is kept",
        "pass",
        COUNTED + "test_gauges_go_with_a_worker_and_counts_stay",
    ),
    mutant(
        "a signal while it starts ends it at once",
        "server/process/signals.py",
        "        signal.signal(number, _end)\n",
        "        pass\n",
        "server/process/test_signals.py::test_a_signal_while_it_starts_ends_it_without_a_word",
    ),
    mutant(
        "no descriptor stands in for stdout",
        "server/machine/descriptors.py",
        "os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)",
        "pass",
        "server/machine/test_descriptors.py::test_no_file_stands_in_for_what_was_closed",
    ),
    mutant(
        "a baseline that was set goes before a mounted model",
        "server/process/image.py",
        "if folder is None and not another and mounted.is_dir()",
        "if folder is None and mounted.is_dir()",
        "server/process/test_image.py::test_a_mounted_model_is_served_under_its_name_unless_another_is_named",
    ),
    mutant(
        "a pod's endpoint may be taken out late",
        "server/web/shutdown.py",
        "await asyncio.sleep(self._drain_seconds)",
        "await asyncio.sleep(0)",
        "system/test_stopping.py::test_an_endpoint_that_is_taken_out_late_costs_no_request",
    ),
)

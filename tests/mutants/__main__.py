"""`python -m tests.mutants [--some NUMBER] [--seed NUMBER] [WORD ...]`: take out each guard, or those with one of the
words in them, or so many by chance, and tell which test turned red. It fails where one survives, and where a test is
red with every guard in its place.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from queue import SimpleQueue

from tests.mutants.checkout import Checkout, Outcome
from tests.mutants.listed import MUTANTS
from tests.mutants.mutant import Mutant

ROOT = Path(__file__).parents[2]
AT_ONCE = 2  # copies
CONTROL_SECONDS = 900.0  # for all tests with all guards in place
ROW = "{:>7} {:8} {:62} {}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("words", metavar="WORD", nargs="*")
    parser.add_argument("--some", type=int, default=len(MUTANTS), metavar="NUMBER", help="how many, by chance")
    parser.add_argument("--seed", type=int, default=int(time.time()), metavar="NUMBER", help="of that chance")
    given = parser.parse_args()
    wanted = [each for each in MUTANTS if _is_named(each, given.words)]
    if given.some < len(wanted):
        print(f"{given.some} of {len(wanted)} guards, by --seed {given.seed}", flush=True)
        chance = random.Random(given.seed)  # noqa: S311
        wanted = [wanted[number] for number in sorted(chance.sample(range(len(wanted)), given.some))]
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copies = [Checkout(ROOT, Path(folder, str(number))) for number in range(AT_ONCE)]
        try:
            return 1 if run(wanted, copies) else 0
        finally:
            for copy in copies:
                copy.close()


def run(wanted: Sequence[Mutant], copies: Sequence[Checkout]) -> int:
    """Print a row for each mutant, and how many there are that no test turned red for, or that could not be told."""
    begun = time.monotonic()
    print(ROW.format("seconds", "", "guard", "killed by"), flush=True)
    with ThreadPoolExecutor(len(copies)) as pool:
        bad = [outcome for outcome in pool.map(_control, copies, _dealt(wanted, len(copies))) if outcome.by]
        for outcome in bad:
            print(ROW.format(f"{outcome.seconds:.1f}", outcome.verdict, "none: all guards are in place", outcome.by))
        free: SimpleQueue[Checkout] = SimpleQueue()
        for copy in copies:
            free.put(copy)
        under_way = {pool.submit(_try_out, each, free): each for each in wanted}
        survived = 0
        for done in as_completed(under_way):
            outcome = done.result()
            killed = outcome.verdict == "red"
            survived += not killed
            words = "" if killed else outcome.verdict.upper()
            print(ROW.format(f"{outcome.seconds:.1f}", words, under_way[done].guard, outcome.by), flush=True)
    seconds = time.monotonic() - begun
    print(f"{len(wanted)} guards, {survived} of them missed by their tests; {seconds:.0f} seconds")
    return survived + len(bad)


def _is_named(mutant: Mutant, words: Sequence[str]) -> bool:
    return not words or any(word in f"{mutant.file} {mutant.guard}" for word in words)


def _try_out(mutant: Mutant, free: "SimpleQueue[Checkout]") -> Outcome:
    copy = free.get()
    try:
        return copy.try_out(mutant)
    finally:
        free.put(copy)


def _control(copy: Checkout, tests: tuple[str, ...]) -> Outcome:
    """With every guard in its place these pass; `by` is empty then."""
    outcome = copy.run(tests, limit_seconds=CONTROL_SECONDS) if tests else Outcome("green", "", 0.0)
    return Outcome(outcome.verdict, "" if outcome.verdict == "green" else outcome.by, outcome.seconds)


def _dealt(wanted: Sequence[Mutant], copies: int) -> list[tuple[str, ...]]:
    """The tests of all mutants, each once and those of a file together, dealt to so many copies."""
    tests = sorted({test for each in wanted for test in each.tests})
    files = list(dict.fromkeys(test.partition("::")[0] for test in tests))
    return [
        tuple(test for test in tests if files.index(test.partition("::")[0]) % copies == copy) for copy in range(copies)
    ]


if __name__ == "__main__":
    sys.exit(main())

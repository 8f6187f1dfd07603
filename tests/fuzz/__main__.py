"""The search: `python -m tests.fuzz SECONDS [HARNESS ...]`, each for so long, in the environment that has atheris.

What it finds is kept as a case, which the tests replay from then on. How much time and memory one input may take is
libFuzzer's to see to.
"""

import importlib
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fuzz import HARNESSES

CASES = Path(__file__).with_name("cases")
LIMITS = ("-timeout=10", "-rss_limit_mb=1500", "-malloc_limit_mb=600", "-max_len=65536")


def main(seconds: str, names: list[str]) -> int:
    """Let each harness search in a process of its own; 1 if any found something."""
    found = []
    for name in names or HARNESSES:
        print(f"{name}, {seconds} seconds", flush=True)
        with tempfile.TemporaryDirectory() as corpus:
            command = [sys.executable, "-m", "tests.fuzz", seconds, name, corpus]
            if subprocess.run(command, check=False).returncode:
                found.append(name)
    print(f"found something: {', '.join(found)}; see {CASES}" if found else "found nothing")
    return bool(found)


def search(name: str, seconds: str, corpus: Path) -> None:
    """Search until something is found or the time is over; ends this process."""
    import atheris

    with atheris.instrument_imports(include=["server"]):
        harness = importlib.import_module(f"tests.fuzz.{name}")
    cases = CASES / name
    cases.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(harness.seeds()):
        (corpus / str(number)).write_bytes(seed)
    options = [f"-max_total_time={seconds}", f"-artifact_prefix={cases}/", "-print_final_stats=1", *LIMITS]
    atheris.Setup([sys.argv[0], *options, str(corpus), str(cases)], harness.check)
    atheris.Fuzz()


if __name__ == "__main__":
    if len(sys.argv) == 4 and Path(sys.argv[3]).is_dir():
        search(sys.argv[2], sys.argv[1], Path(sys.argv[3]))
    else:
        sys.exit(main(sys.argv[1], sys.argv[2:]))

"""`python -m benchmarks.service.load`: 10 to 200 of Locust's users against one worker; what they see, as a table.

Locust is a program of many layers: one process makes a thousand or two requests a second and no more. Its core's load
stands beside each line, since where that is at 100 % the rate, and with a closed loop the latency too, are Locust's
own.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import machine
from benchmarks.service import servers

# users: requests/s, average and p95 in ms that they must at least, or at most, see.
EXPECTED = {10: (50, 200, 300), 50: (200, 250, 400), 100: (350, 300, 500), 200: (500, 400, 700)}
COLUMNS = (
    "users",
    "requests/s",
    "to beat",
    "average ms",
    "to beat",
    "p95 ms",
    "to beat",
    "failures",
    "Locust's core",
    "the server's",
)
HEADER = "| " + " | ".join(COLUMNS) + " |\n" + "|---" * len(COLUMNS) + "|\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.service.load", description=__doc__.partition("\n")[0])
    parser.add_argument("--locust", type=Path, default=Path(".venv-dev/bin/locust"), help="the locust command")
    parser.add_argument("--seconds", type=int, default=20, help="for each number of users")
    parser.add_argument("--users", type=int, nargs="*", default=list(EXPECTED), help=f"of {list(EXPECTED)}")
    parser.add_argument("--results", type=Path, default=Path("benchmarks/results"), help="where to write")
    options = parser.parse_args()
    options.results.mkdir(parents=True, exist_ok=True)
    found = []
    with servers.ours() as server:
        for users in options.users:
            found.append(measure(server, options.locust, users, options.seconds))
            print(json.dumps(found[-1]), file=sys.stderr, flush=True)
    content = {"benchmark": "load", "machine": machine(), "measured": found}
    (options.results / "load.json").write_text(json.dumps(content, indent=1) + "\n")
    (options.results / "load.md").write_text(HEADER + "".join(line(entry) for entry in found))


def measure(server: servers.Server, locust: Path, users: int, seconds: int) -> dict[str, float]:
    """What so many users see in so many seconds."""
    with tempfile.TemporaryDirectory(prefix="relearn-load-") as folder, servers.on_core(1):
        before, own = server.cpu_seconds(), os.times()
        command = [str(locust), "-f", "locustfile.py", "--headless", "--only-summary", "--csv", f"{folder}/found"]
        command += ["--host", f"http://{server.address[0]}:{server.address[1]}", "--stop-timeout", "5"]
        command += ["-u", str(users), "-r", str(users), "-t", f"{seconds}s", "--exit-code-on-error", "0"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=seconds + 60)
        after = os.times()
        with Path(folder, "found_stats.csv").open(newline="") as file:
            total = next(row for row in csv.DictReader(file) if row["Name"] == "Aggregated")
    generator = after.children_user + after.children_system - own.children_user - own.children_system
    return {
        "users": users,
        "requests_per_second": float(total["Requests/s"]),
        "average_ms": float(total["Average Response Time"]),
        "p95_ms": float(total["95%"]),
        "requests": int(total["Request Count"]),
        "failures": int(total["Failure Count"]),
        "locust_core": min(generator / seconds, 1.0),
        "server_core": (server.cpu_seconds() - before) / seconds,
    }


def line(entry: dict[str, float]) -> str:
    """One number of users, beside what it must beat."""
    rate, average, p95 = EXPECTED[int(entry["users"])]
    cells = [
        *(f"{entry['users']:.0f}", f"{entry['requests_per_second']:,.0f}", f"{rate}"),
        *(f"{entry['average_ms']:.1f}", f"{average}", f"{entry['p95_ms']:.0f}", f"{p95}"),
        f"{entry['failures']:.0f} of {entry['requests']:,.0f}",
        *(f"{entry['locust_core']:.0%}", f"{entry['server_core']:.0%}"),
    ]
    return "| " + " | ".join(cells) + " |\n"


if __name__ == "__main__":
    main()

"""The commands that look at a service from outside: review opens the page, bench asks and takes the time."""

import asyncio
import itertools
import sys
import time
import webbrowser
from collections.abc import Sequence
from pathlib import Path

import click

from server.client.async_client import AsyncClient
from server.client.client import Client
from server.client.errors import RelearnError
from server.command.output import FAILED, Bar, bar, ends_well, json_option, show

MOST = 1000  # samples that the server lists at once
SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


@click.command()
@json_option
@click.pass_obj
@ends_well
def review(url: str | None, as_json: bool) -> None:
    """Open the page where kept predictions are labelled, and say how many wait.

    With --json nothing is opened. The page asks for the key itself.

    \b
    Examples:
      relearn review
      relearn review --json
    """
    with Client(url) as client:
        waiting, page = len(client.samples(MOST)), f"{client.url}/#teach"
    more = " or more" if waiting == MOST else ""
    show(as_json, {"waiting": waiting, "page": page}, f"{waiting}{more} to review: {page}")
    if not as_json and not webbrowser.open(page):
        raise RelearnError("no browser was found here; open that page in one")


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--requests", default=1000, type=click.IntRange(1), help="Predictions to ask for.")
@click.option("--connections", default=4, type=click.IntRange(1, 1000), help="So many are asked at once.")
@json_option
@click.pass_obj
@ends_well
def bench(url: str | None, files: Sequence[Path], requests: int, connections: int, as_json: bool) -> None:
    """Ask for predictions of these pictures, one a request, and say how long they took.

    The time of this program is in it: beside it on one machine a server seems slower than it is. Ends with 1 if a
    request failed.

    \b
    Examples:
      relearn bench seven.png
      relearn bench *.png --requests 10000 --connections 32 --json
    """
    pictures = [file.read_bytes() for file in files]
    with bar(requests, "asking") as move:
        seconds, whole, failures = asyncio.run(_asked(url, pictures, requests, connections, move))
    if not seconds:
        raise RelearnError(f"every request failed: {failures[0]}")
    seconds.sort()
    times = {name: 1000 * seconds[int(share * (len(seconds) - 1))] for name, share in SHARES.items()}
    found = {"requests": requests, "failed": len(failures), "requests_a_second": len(seconds) / whole, "ms": times}
    words = ", ".join(f"{name} {value:.1f} ms" for name, value in times.items())
    show(as_json, found, f"{len(seconds) / whole:.0f} requests a second; {words}; {len(failures)} failed")
    if failures:
        sys.exit(FAILED)


async def _asked(
    url: str | None, pictures: Sequence[bytes], requests: int, connections: int, move: Bar
) -> tuple[list[float], float, list[RelearnError]]:
    """The seconds of each answer, those of all together, and what failed."""
    seconds, failures = list[float](), list[RelearnError]()
    numbers = itertools.count()

    async def ask(client: AsyncClient) -> None:
        while (number := next(numbers)) < requests:
            begun = time.perf_counter()
            try:
                await client.predict(pictures[number % len(pictures)])
            except RelearnError as error:
                failures.append(error)
            else:
                seconds.append(time.perf_counter() - begun)
            move(len(seconds) + len(failures))

    async with AsyncClient(url, retries=0) as client:
        await client.health()  # raises where nobody answers
        begun = time.perf_counter()
        await asyncio.gather(*(ask(client) for _ in range(connections)))
        return seconds, time.perf_counter() - begun, failures

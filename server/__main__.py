"""`python -m server`: flags -> settings -> uvicorn, one worker process a core that is to serve.

`python -m server check` looks at what is stored instead; `python -m server key NAME` makes a key.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from server.machine.descriptors import raise_limit
from server.machine.priority import give_way
from server.process.supervisor import Supervisor
from server.process.worker import log_to_stderr, make_app
from server.settings import SettingError, Settings, load
from server.web.keys import Scope, check_keys, new_key, scopes_of

if TYPE_CHECKING:
    from server.store.manifest import Manifest


def main() -> None:
    if sys.argv[1:2] == ["check"]:
        sys.exit(check(sys.argv[2:]))
    if sys.argv[1:2] == ["key"]:
        sys.exit(key(sys.argv[2:]))
    try:
        settings = load(sys.argv[1:], os.environ)
        check_keys(settings)
    except SettingError as error:
        sys.exit(f"error: {error}")
    if settings.workers == 1:
        serve(settings)
        return
    # prometheus_client reads this when it is imported, which only the workers do.
    folder = os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="relearn-metrics-")
    try:
        serve(settings)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def serve(settings: Settings) -> None:
    """Listen and answer until SIGTERM or Ctrl-C."""
    config = uvicorn.Config(
        partial(make_app, settings),
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        loop="uvloop",
        http="server.web.protocol:Protocol",
        ws="none",
        interface="asgi3",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=75,  # longer than the usual client's, so that it is the client who closes
        timeout_graceful_shutdown=round(settings.grace_seconds),
    )
    log_to_stderr()
    raise_limit()
    listener = config.bind_socket()
    host, port = listener.getsockname()[:2]
    print(f"Relearn serves on http://{f'[{host}]' if ':' in host else host}:{port}", file=sys.stderr, flush=True)
    try:
        if settings.workers == 1:
            uvicorn.Server(config).run([listener])
        else:
            Supervisor(config, [listener]).run()
    except KeyboardInterrupt:
        pass


def check(arguments: Sequence[str]) -> int:
    """Say what is wrong with all that is stored: 0 if nothing is, 1 if something is, 2 if it could not be looked at."""
    from server.store.check.run import NOT_LOOKED, Check  # the parent of several workers never loads the store

    try:
        settings = load(arguments, os.environ)
    except SettingError as error:
        print(f"error: {error}", file=sys.stderr)
        return NOT_LOOKED
    give_way()
    return Check(settings, partial(try_to_serve, settings.batch_limit), sys.stdout).run()


def key(arguments: Sequence[str]) -> int:
    """Make a key: print it, this once, and the line to store."""
    parser = argparse.ArgumentParser(prog="python -m server key", description="Make a key for the API.")
    parser.add_argument("name", help="whose it is; what is done with it is done in this name")
    parser.add_argument("--scopes", default=",".join(Scope), help="what it may do, with commas between [%(default)s]")
    given = parser.parse_args(arguments)
    try:
        made, line = new_key(given.name, scopes_of(given.scopes, "--scopes"))
    except SettingError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print("The key, which is shown this once and stored nowhere:", file=sys.stderr, flush=True)
    print(made, flush=True)
    print("The line for the file of --keys-file, or for RELEARN_KEYS:", file=sys.stderr, flush=True)
    print(line)
    return 0


def try_to_serve(batch_limit: int, folder: Path, manifest: "Manifest") -> None:
    """Load a version as a worker would; raises BrokenArtifact."""
    from server.models import model  # onnxruntime, which is not needed before there is something to load

    model.load(folder, manifest, batch_limit)


if __name__ == "__main__":
    main()

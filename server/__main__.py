"""`python -m server`: flags -> settings -> uvicorn, one worker process a core that is to serve.

`python -m server check` looks at what is stored instead.
"""

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
from server.settings import LOADING, STORE, SettingError, Settings, load

if TYPE_CHECKING:
    from server.store.manifest import Manifest


def main() -> None:
    if sys.argv[1:2] == ["check"]:
        sys.exit(check(sys.argv[2:]))
    try:
        settings = load(sys.argv[1:], os.environ)
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
        settings = load(arguments, os.environ, (*STORE, *LOADING))
    except SettingError as error:
        print(f"error: {error}", file=sys.stderr)
        return NOT_LOOKED
    give_way()
    return Check(settings, partial(try_to_serve, settings), sys.stdout).run()


def try_to_serve(settings: Settings, folder: Path, manifest: "Manifest") -> None:
    """Load a version as a worker would; raises BrokenArtifact."""
    from server.models.trial import Trials  # onnxruntime, which is not needed before there is something to load

    Trials(settings.load_limit_seconds, settings.load_limit_bytes, settings.batch_limit).load(folder, manifest)


if __name__ == "__main__":
    main()

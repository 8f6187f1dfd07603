"""`python -m server`: flags -> settings -> uvicorn, one worker process a core that is to serve."""

import os
import shutil
import sys
import tempfile
from functools import partial

import uvicorn

from server.process.supervisor import Supervisor
from server.process.worker import log_to_stderr, make_app
from server.settings import SettingError, Settings, load


def main() -> None:
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
        timeout_keep_alive=75,  # longer than the usual client's, so that it is the client who closes
        timeout_graceful_shutdown=round(settings.grace_seconds),
    )
    log_to_stderr()
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


if __name__ == "__main__":
    main()

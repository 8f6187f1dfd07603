"""`python -m server`: flags -> settings -> a listener -> one worker in this process, or the supervisor of several.

`python -m server check` looks at what is stored instead, `backup FILE` copies it, `restore FILE` puts it back;
`python -m server key NAME` makes a key.
"""

import os
import sys
from typing import TYPE_CHECKING

from server.process.signals import end_at_once

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from server.settings import Settings
    from server.store.manifest import Manifest


def main() -> None:
    if sys.argv[1:2] == ["check"]:
        sys.exit(check(sys.argv[2:]))
    if sys.argv[1:2] in (["backup"], ["restore"]):
        sys.exit(copy(sys.argv[1], sys.argv[2:]))
    end_at_once()  # before the first import that takes time
    if sys.argv[1:2] == ["key"]:
        sys.exit(key(sys.argv[2:]))
    sys.exit(serve(sys.argv[1:]))


def serve(flags: "Sequence[str]") -> int:
    """Listen and answer until SIGTERM or Ctrl-C; the exit code."""
    from server.configuration import load
    from server.machine.descriptors import open_standard, raise_limit
    from server.machine.json_lines import told
    from server.machine.output import standard_error
    from server.observe.crew import Crew
    from server.process.ports import address_of, reserved
    from server.process.supervisor import Supervisor
    from server.process.worker import Alone, config_of, log_to_stderr
    from server.settings import SettingError
    from server.web.keys import check_keys

    open_standard()
    try:
        settings = load(flags, os.environ)
        check_keys(settings)
    except SettingError as error:
        sys.exit(f"error: {error}")
    log_to_stderr(settings)
    raise_limit()
    sentences = []
    if settings.grpc_port is not None:
        try:
            kept = reserved(settings.host, settings.grpc_port)
        except OSError as error:
            sys.exit(f"error: can't listen for gRPC on port {settings.grpc_port} of {settings.host}: {error.strerror}")
        flags = [*flags, "--grpc-port", str(kept.getsockname()[1])]  # which every worker has to know
        settings = load(flags, os.environ)
        sentences.append(f"Relearn serves gRPC on {address_of(kept)}")
    config = config_of(settings, Crew())
    listener = config.bind_socket()
    sentences.append(f"Relearn serves on http://{address_of(listener)}")
    for sentence in sentences:
        standard_error().write(told(sentence, "INFO") if settings.log_format == "json" else sentence + "\n")
    if settings.workers > 1:
        return Supervisor(settings, listener, flags).run()
    Alone(config).run([listener])
    return 1  # it ends by a signal (process/signals.py), or for a fault


def check(arguments: "Sequence[str]") -> int:
    """Say what is wrong with all that is stored: 0 if nothing is, 1 if something is, 2 if it could not be looked at."""
    from functools import partial

    from server.configuration import load
    from server.machine.priority import give_way
    from server.settings import LOADING, STORE, SettingError
    from server.store.check.run import NOT_LOOKED, Check  # the parent of several workers never loads the store

    try:
        settings = load(arguments, os.environ, (*STORE, *LOADING))
    except SettingError as error:
        print(f"error: {error}", file=sys.stderr)
        return NOT_LOOKED
    give_way()
    return Check(settings, partial(try_to_serve, settings), sys.stdout).run()


def copy(command: str, arguments: "Sequence[str]") -> int:
    """Make a backup, or restore one: 0 if all is there, 1 if files were lost before, 2 if nothing was done."""
    import signal
    from pathlib import Path

    from server.configuration import load
    from server.machine.priority import give_way
    from server.settings import STORE, SettingError
    from server.store.backup import run

    if not arguments or arguments[0].startswith("-"):
        print(f"usage: python -m server {command} FILE [flags of python -m server]", file=sys.stderr)
        return run.NOT_DONE
    try:
        settings = load(arguments[1:], os.environ, STORE)
    except SettingError as error:
        print(f"error: {error}", file=sys.stderr)
        return run.NOT_DONE
    give_way()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that half a file is not left
    try:
        return {"backup": run.backup, "restore": run.restore}[command](settings, Path(arguments[0]))
    except KeyboardInterrupt:
        return run.NOT_DONE


def key(arguments: "Sequence[str]") -> int:
    """Make a key: print it, this once, and the line to store."""
    import argparse

    from server.settings import SettingError
    from server.web.keys import Scope, new_key, scopes_of

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


def try_to_serve(settings: "Settings", folder: "Path", manifest: "Manifest") -> None:
    """Load a version as a worker would; raises BrokenArtifact."""
    from server.models.trial import Trials  # onnxruntime, which is not needed before there is something to load

    Trials(settings.load_limit_seconds, settings.load_limit_bytes, settings.batch_limit).load(folder, manifest)


if __name__ == "__main__":
    main()

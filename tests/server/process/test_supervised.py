"""A worker ends with its supervisor, whatever it does then."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
LISTENS = """
import socket, sys
from server.process.supervised import listen
listen(socket.socket(fileno=int(sys.argv[1])), lambda line: print(line, flush=True))
"""


def test_a_worker_hears_of_its_supervisors_end() -> None:
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-c", LISTENS, str(theirs.fileno())]
    with subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()], stdout=subprocess.PIPE) as worker, ours:
        theirs.close()
        ours.sendall(b"a line\n")
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"b'a line\\n'\n"
        ours.close()
        assert worker.wait(60) == -signal.SIGKILL

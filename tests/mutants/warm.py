"""A process that has loaded the libraries that tests need, and runs each lot of them in a fork: started by checkout.py.

It reads an order a line, a list of pytest's arguments, and writes two: which process runs them, and how it ended. What
the tests say goes to the file that it was started with.
"""

import importlib
import json
import os
import sys

import pytest

LIBRARIES = (
    *("alembic.config", "httpx", "httptools", "hypothesis.strategies", "limits.strategies", "numpy", "onnx.helper"),
    *("onnxruntime", "orjson", "PIL.Image", "prometheus_client", "psycopg", "python_multipart", "scipy.special"),
    *("sqlalchemy.dialects.sqlite", "starlette.routing", "starlette.middleware.cors", "uvicorn", "uvloop"),
)


def main() -> None:
    del sys.path[0]  # this file's own folder
    for name in LIBRARIES:
        importlib.import_module(name)
    for order in sys.stdin:
        child = os.fork()
        if not child:
            os._exit(run(json.loads(order)))  # what libraries do at an end is for the process that loaded them
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def run(arguments: list[str]) -> int:
    output = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, source in enumerate((nothing, output, output)):
        os.dup2(source, number)
    os.close(output)
    os.close(nothing)
    sys.stdin = open(0)  # noqa: SIM115 - of what was read ahead nothing is this process'
    code = int(pytest.main(arguments))
    sys.stdout.flush()
    return code


if __name__ == "__main__":
    main()

"""`python -m server.process.ready`: a container's health check: does the server of this environment say it is ready?

It reads the port from where the server does, RELEARN_PORT or PORT; one that was given as a flag it can't know.
"""

import os
import sys
import urllib.request

from server.configuration import load

TIMEOUT_SECONDS = 4.0  # under the five that the images give the check


def main() -> None:
    address = f"http://127.0.0.1:{load([], os.environ).port}/readyz"
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(address, timeout=TIMEOUT_SECONDS):
            pass
    except OSError as error:
        sys.exit(f"{address}: {error}")


if __name__ == "__main__":
    main()

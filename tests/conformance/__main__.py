"""python -m tests.conformance http://127.0.0.1:8000 digits: a table of each call, what the specification says, and what
that server answers. It exits with 1 if anything is not as specified.
"""

import sys

from tests.conformance.calls import CALLS
from tests.conformance.server import Server


def table(server: Server) -> tuple[str, bool]:
    """The table in Markdown, and whether all is as specified."""
    lines = ["| call | the specification says | answered | |", "|---|---|---|---|"]
    right = True
    for call in CALLS:
        answer = call.ask(server)
        is_right = call.is_right(answer, server)
        right = right and is_right
        told = answer.told().replace("|", "\\|")
        lines.append(f"| {call.name} | {call.says} | {told} | {'as specified' if is_right else '**not so**'} |")
    return "\n".join(lines) + "\n", right


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit("usage: python -m tests.conformance URL MODEL")
    with Server(*sys.argv[1:]) as server:
        text, right = table(server)
    print(text, end="")
    sys.exit(0 if right else 1)


if __name__ == "__main__":
    main()

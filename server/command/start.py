"""`relearn`, and `python -m relearn`. In the wheel this is relearn/__main__.py."""

import sys
from pathlib import Path


def main() -> None:
    """Run the command with this folder first on the path: it has server/, trainer/ and export/, as a checkout has."""
    sys.path.insert(0, str(Path(__file__).parent))
    from server.command.main import main as command

    command()


if __name__ == "__main__":
    main()

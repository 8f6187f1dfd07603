"""Which of a server's workers is the first to tell of something that all of them see."""

import logging
from pathlib import Path

logger = logging.getLogger("relearn")


class First:
    """One worker's say in it: the first leaves a file where they keep their counts together."""

    def __init__(self, folder: Path | None, what: str) -> None:
        """`folder` is what the workers have in common, None for a single one; `what` is the kind of thing."""
        self._folder = folder
        self._what = what

    def is_mine(self, number: str) -> bool:
        """Whether no other has told of the thing with this number."""
        if self._folder is None:
            return True
        try:
            (self._folder / f"{self._what}-{number}").touch(exist_ok=False)
        except FileExistsError:
            return False
        except OSError as error:  # better told twice than not at all
            logger.warning("the end of %s %s may be counted by several workers: %s", self._what, number, error)
        return True

"""Holds on to what the model saw, while samples are collected or a version is in shadow, until the answers were seen.

The batcher fills its rows again at once, so a batch is copied: a microsecond for sixteen small pictures.
"""

from server.models.model import Images

LIMIT_BYTES = 32 * 2**20  # between two looks, a tenth of a second apart; those of the last look may be there still


class Keeping:
    """The pictures of one worker's last answers, while it is on."""

    def __init__(self, is_on: bool = True) -> None:
        self.is_on = is_on
        self._bytes = 0
        self._missed = 0

    def keep(self, images: Images) -> Images | None:
        """The same pictures, to stay as they are; None if there is no room for them."""
        if self._bytes + images.nbytes > LIMIT_BYTES:
            self._missed += len(images)
            return None
        self._bytes += images.nbytes
        return images.copy()

    def let_go(self) -> int:
        """Make room for others: the answers were looked at. How many there are whose pictures found none."""
        missed, self._bytes, self._missed = self._missed, 0, 0
        return missed

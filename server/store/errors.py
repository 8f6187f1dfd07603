"""Why the store does not do as it was asked; each message is a sentence for whoever asked.

That a version can't be served, or that the pointer moved meanwhile, stands in artifacts.py: callers go on from there.
"""


class StoreError(Exception):
    """Any of these: nothing was changed."""


class NotFound(StoreError):
    """No such image, batch, job or version."""


class Conflict(StoreError):
    """What is there already, or what somebody else did meanwhile, rules it out."""


class QuotaReached(StoreError):
    """There would be more images, or more bytes, than may be kept."""


class UnusableLabel(StoreError):
    """An image can't be filed under it."""


class UnusableOption(StoreError):
    """A job can't have it."""

"""What can be wrong with what is asked of the store, and with the store itself. No error here knows of HTTP."""


class StoreError(Exception):
    """The store did not do what it was asked; the message is a sentence for a person."""


class NotFound(StoreError):
    """There is no such image, batch, job or version."""


class Conflict(StoreError):
    """It can't be done as things stand; nothing was changed."""


class StillUnderWay(StoreError):
    """The same call is being carried out at this moment."""


class AnotherRequest(StoreError):
    """The key of a call came with something else before."""


class UnusableLabel(StoreError):
    """A label that the model does not have, or can't have."""


class UnusableName(StoreError):
    """A name that no model can have."""


class TooFew(StoreError):
    """Too few pictures to train a version; the message says how many more it takes."""


class UnusableOption(StoreError):
    """An option of a retrain or a canary that there is not, or a value that it can't have."""


class UnusablePolicy(StoreError):
    """A part of a retrain policy that there is not, or a value that it can't have."""


class QuotaReached(StoreError):
    """There is no room under the quota; nothing was stored."""


class Locked(StoreError):
    """Others held the database for longer than the caller would wait; nothing was changed."""


class Unavailable(StoreError):
    """The database can't be read or written now; predictions go on. Nothing was changed."""


class NoSpace(Unavailable):
    """The disk that the database is on is full. Nothing was changed."""


class Uncertain(StoreError):
    """The database failed while it made a change lasting: it may be there or not, and doing it again does no harm."""


class ClaimLost(StoreError):
    """A call took so long that others took its files for a dead one's; nothing was stored."""


class LeaseLost(StoreError):
    """The job is over or somebody else's: whoever still works on it may neither tell nor publish."""


class BrokenArtifact(StoreError):
    """A version that can't be served; the message says what is wrong with it."""


class CurrentMoved(StoreError):
    """The pointer is not where the caller thought; nothing was changed."""

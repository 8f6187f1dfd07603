"""What can be wrong with a dataset as somebody laid it out; each message is a sentence for whoever brought it."""


class DatasetError(Exception):
    """The dataset can't be used; the message names the file or folder, what was expected and what was found."""


class DatasetTooLarge(DatasetError):
    """It is of more files or bytes than are taken."""

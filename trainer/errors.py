"""What a training run can fail of that its user can mend."""


class TrainingError(Exception):
    """The run can't go on; the message says what to do."""


class DatasetError(TrainingError):
    """The dataset can't be used; the message names the file or folder, what was expected and what was found."""

"""What a training run can fail of that its user can mend, beside its dataset (server/layouts/errors.py)."""


class TrainingError(Exception):
    """The run can't go on; the message says what to do."""

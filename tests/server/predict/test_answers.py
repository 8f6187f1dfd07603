"""How an answer came about is kept for the log, the metrics and the statistics."""

from server.predict.answers import note
from server.serving.caller import Answer
from server.serving.prediction import Prediction
from server.web.access import Record


class Version:
    """All of a model that is looked at here."""

    version = "7"


def test_all_answers_of_a_request_are_kept_however_many_batches_it_had() -> None:
    record = Record("POST", b"/predict/batch", "/predict/batch", "id", 0.0)
    predictions = [Prediction(Version(), number, None, None) for number in range(5)]  # type: ignore[arg-type]
    note(record, Answer(predictions[:3], 0.1, 0.2, 3))
    note(record, Answer(predictions[3:], 0.1, 0.2, 2))
    assert list(record.answers) == predictions
    assert (record.version, record.batch_size) == ("7", 2)

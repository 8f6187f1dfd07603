"""Tasks in, predictions out, as a project's annotators would say them."""

from collections.abc import Sequence
from time import perf_counter

from starlette.requests import Request

from server.label_studio.labelling import Labelling, labelling_of
from server.label_studio.pictures import Fault, Pictures
from server.pictures.errors import PictureError
from server.predict.answers import note
from server.predict.endpoints import AT_ONCE
from server.routes.service import Service
from server.serving.prediction import Prediction
from server.store.errors import StoreError, UnusableLabel
from server.store.files import Json
from server.web.access import Record
from server.web.errors import Malformed, RequestError, refusal_of


async def predicted(service: Service, pictures: Pictures, request: Request, given: dict[str, Json]) -> dict[str, Json]:
    """An answer to tasks: for each its prediction, or none and beside it the reason; raises the reason if all have one.

    Label Studio takes as many results as it sent tasks, and reads nothing else.
    """
    tasks, labelling = tasks_of(given, service.settings.upload_limit_files), labelling_of(given.get("label_config"))
    version = service.predictor.model.version
    read = await pictures.read(request, tasks, labelling.key)
    said = await _said(service, read, request.scope["record"])
    told = [each if isinstance(each, Exception) else _told(each, labelling) for each in said]
    faults = [(number, each) for number, each in enumerate(told) if isinstance(each, Exception)]
    if faults and len(faults) == len(told):
        raise faults[0][1]
    errors: list[Json] = [_fault(tasks[number], number, error) for number, error in faults]
    results: list[Json] = [[] if isinstance(each, Exception) else each for each in told]
    return {"results": results, "model_version": version, "errors": errors}


def tasks_of(given: dict[str, Json], most: int) -> list[Json]:
    """Raises Malformed."""
    tasks = given.get("tasks")
    if not isinstance(tasks, list) or len(tasks) > most:
        raise Malformed(f"'tasks' must be an array of at most {most} tasks, each with its data")
    return tasks


async def _said(service: Service, read: Sequence[bytes | Fault], record: Record) -> list[Prediction | Fault]:
    """What the model says of each picture that could be had."""
    files = [each for each in read if isinstance(each, bytes)]
    answers: list[Prediction | Fault] = []
    for start in range(0, len(files), AT_ONCE):
        answers += await _some(service, files[start : start + AT_ONCE], record)
    found = iter(answers)
    return [next(found) if isinstance(each, bytes) else each for each in read]


async def _some(service: Service, files: Sequence[bytes], record: Record) -> list[Prediction | Fault]:
    predictor = service.predictor
    predictor.check_room()
    begun = perf_counter()
    readings = await predictor.read_all(files)
    record.decode_seconds += perf_counter() - begun
    inputs = [each for each in readings if not isinstance(each, PictureError)]
    results: list[Prediction] = []
    if inputs:
        answer = await predictor.predict(inputs)
        note(record, answer)
        results = list(answer.results)
    found = iter(results)
    return [each if isinstance(each, PictureError) else next(found) for each in readings]


def _told(prediction: Prediction, labelling: Labelling) -> dict[str, Json] | UnusableLabel:
    try:
        choice = labelling.choice_of(prediction.model.labels[prediction.best])
    except UnusableLabel as error:
        return error
    confidence = float(prediction.probabilities[prediction.best])
    region: dict[str, Json] = {
        "from_name": labelling.control,
        "to_name": labelling.image,
        "type": "choices",
        "value": {"choices": [choice]},
        "score": confidence,
    }
    return {"model_version": prediction.model.version, "score": confidence, "result": [region]}


def _fault(task: Json, position: int, error: RequestError | StoreError | PictureError) -> dict[str, Json]:
    number = task.get("id") if isinstance(task, dict) else None
    return {"task": number, "position": position, "error": str(error), "code": refusal_of(error).code}

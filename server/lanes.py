"""The shorter ways of one worker, which its connections are handed: web/lane.py says what they are."""

from server.inference import calls
from server.inference.express import TensorExpress
from server.predict.express import PredictExpress, Refusals, Shared
from server.routes.service import Service
from server.web.access import RequestIds
from server.web.lane import Lane


def lanes(service: Service, ids: RequestIds) -> dict[bytes, Lane]:
    """Those to what serves, by their paths."""
    refusals = Refusals(service.predictor)
    shared = Shared(service.settings, service.predictor, service.log, ids, refusals, service.budget)
    kinds = {"/predict": PredictExpress, calls.infer_path(service.settings.name): TensorExpress}
    return {path.encode(): kind(path, shared) for path, kind in kinds.items()}

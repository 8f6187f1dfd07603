"""Predictions, as routes: the batch, and the single one for the router's sake; front.py calls that one directly."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.answers import as_json
from server.predict import PredictEndpoint, predict_batch
from server.routes.requests import form
from server.service import Service


def routes(service: Service, predict: PredictEndpoint) -> list[Route]:
    async def batch(request: Request) -> Response:
        content = await predict_batch(service.predictor, await form(request, service.settings), request.scope["record"])
        return Response(as_json(content), media_type="application/json")

    return [Route("/predict", predict, methods=["POST"]), Route("/predict/batch", batch, methods=["POST"])]

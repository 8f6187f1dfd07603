"""An upload of many pictures has a thread for a turn, and then the others have theirs."""

from time import perf_counter

from PIL import Image

from server.models.model import Model
from server.pictures.image import Limits
from server.routes.claims import Claim
from server.routes.upload import TURN_SECONDS, Door, _examine
from server.settings import Settings
from tests.digits import encoded
from tests.tiny import tiny_candidate


def test_an_upload_has_a_thread_for_one_turn_at_a_time() -> None:
    candidate = tiny_candidate()
    model = Model(candidate.manifest("digits", "1"), candidate.contents["model.onnx"])
    file = encoded(Image.effect_noise((1000, 1000), 90), "PNG", compress_level=1)
    door = Door(model.labels, model.preprocessing)
    begun = perf_counter()
    judged = _examine([Claim("a.png", "7", lambda: file, False)] * 100, door, Limits.of(Settings()))
    assert perf_counter() - begun >= TURN_SECONDS
    assert 1 <= len(judged) < 100

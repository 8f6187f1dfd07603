"""python tests/conformance/label_studio.py http://127.0.0.1:8000, where label-studio-sdk is installed: Label Studio's
own library makes a project of digits, and judges how that server answers its calls.
"""

import base64
import io
import sys

import httpx
from label_studio_sdk.label_interface import LabelInterface  # type: ignore[import-not-found]
from label_studio_sdk.label_interface.create import choices  # type: ignore[import-not-found]
from label_studio_sdk.label_interface.objects import PredictionValue  # type: ignore[import-not-found]
from PIL import Image, ImageDraw


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: python tests/conformance/label_studio.py URL")
    picture = Image.new("L", (60, 60), 255)
    ImageDraw.Draw(picture).line([(30, 10), (30, 50)], fill=0, width=5)
    file = io.BytesIO()
    picture.save(file, "PNG")
    task = {"id": 1, "data": {"image": "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()}}
    config = LabelInterface.create({"image": "Image", "digit": choices([str(digit) for digit in range(10)])})
    judge = LabelInterface(config)
    judge.validate()
    with httpx.Client(base_url=sys.argv[1].rstrip("/") + "/label-studio", timeout=60.0) as client:
        assert client.get("/health").json()["status"] == "UP"
        version = client.post("/setup", json={"project": "1.1", "schema": config}).json()["model_version"]
        asked = {"tasks": [task], "project": "1.1", "label_config": config, "params": {"context": None}}
        said = client.post("/predict", json=asked).raise_for_status().json()["results"][0]
        assert judge.validate_prediction(said, return_errors=True) == []
        assert PredictionValue(**said).model_version == version
        annotation = judge.generate_sample_annotation() | {"task": 1, "result": said["result"]}
        assert judge.validate_annotation(annotation)
        event = {"action": "ANNOTATION_CREATED", "annotation": annotation, "task": task}
        answer = client.post("/webhook", json=event | {"project": {"id": 1, "label_config": config}})
        print(said, answer.raise_for_status().json())


if __name__ == "__main__":
    main()

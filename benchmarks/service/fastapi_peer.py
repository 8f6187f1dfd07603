"""The peer: the same model behind FastAPI as FastAPI's and Pillow's documentation would have one write it.

No batching, no size checks, no ids, log or metrics; the same onnxruntime options as ours.
"""

import io

import numpy as np
import onnxruntime
from fastapi import FastAPI, UploadFile
from PIL import Image

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
options.inter_op_num_threads = 1
options.add_session_config_entry("session.intra_op.allow_spinning", "0")
session = onnxruntime.InferenceSession("artifacts/baseline/model.onnx", options, providers=["CPUExecutionProvider"])
app = FastAPI()


@app.post("/predict")
async def predict(file: UploadFile) -> dict[str, object]:
    image = Image.open(io.BytesIO(await file.read())).convert("L").resize((28, 28))
    probabilities = session.run(["probabilities"], {"image": np.asarray(image)[None, :, :, None]})[0][0]
    best = int(probabilities.argmax())
    return {
        "prediction": best,
        "confidence": float(probabilities[best]),
        "probabilities": [float(probability) for probability in probabilities],
    }

"""The Open Inference Protocol's binary tensors: 256 raw pictures in one request, and one, without a file to decode.

What the server makes of 256 is held to the same batch in onnxruntime alone, in this process and on the server's core,
in turn with it. One picture is held to the same picture as a PNG at /predict, the quickest call that there is.
"""

import time

from benchmarks.measure import Result, Row, Setting, ratio_row
from benchmarks.service import client, images, servers

SIZE = 256
CONNECTIONS = 32
BEGINS = b'{"model_name":"digits","model_version":"0"'


def run(setting: Setting) -> Result:
    many, one, files = images.tensors(SIZE, BEGINS), images.tensors(1, BEGINS), images.raw()
    ratios, singles, wrong = [], [], 0
    measured: dict[str, list[float]] = {"in_process": [], "one_request": [], "one_picture": [], "one_file": []}
    setting = setting.finer()
    with servers.ours() as ours:
        for _ in range(setting.rounds):
            with servers.on_core(0):
                alone = _in_process(setting.seconds)
            with servers.on_core(1):
                runs = [
                    client.load(ours.address, requests, connections, setting.seconds)
                    for requests, connections in ((many, 4), (one, CONNECTIONS), (files, CONNECTIONS))
                ]
            wrong += sum(each.wrong + each.lost for each in runs)
            of_many, of_one, of_file = (each.rate for each in runs)
            ratios.append(of_many * SIZE / alone)
            singles.append(of_one / of_file)
            for name, value in zip(measured, (alone, of_many * SIZE, of_one, of_file), strict=True):
                measured[name].append(value)
    rows = [
        ratio_row(
            f"POST /v2/…/infer, {SIZE} raw pictures in a binary request",
            "pictures/s / onnxruntime's in process",
            ratios,
            at_least=0.8,
        ),
        ratio_row("POST /v2/…/infer, one raw picture", "rate / POST /predict's, raw PNG", singles, at_least=1.0),
        Row("wrong or lost answers in these", "of every answer", wrong, "", at_most=0),
    ]
    return Result("tensors", rows, {"a_second": measured})


def _in_process(seconds: float) -> float:
    """Pictures a second of the model alone, by batches as large as the request."""
    model, batch = images.baseline(), images.pixels()[:SIZE]
    pictures, began = 0, time.perf_counter()
    while (spent := time.perf_counter() - began) < seconds:
        model.predict(batch)
        pictures += SIZE
    return pictures / spent

"""httpx, one client for all calls."""

import sys
from collections.abc import Iterator
from pathlib import Path

import httpx

base, picture, label, large, its_label, huge = sys.argv[1:]


def pieces(name: str, size: int) -> Iterator[bytes]:
    with Path(name).open("rb") as file:
        while piece := file.read(size):
            yield piece


with httpx.Client(trust_env=False) as client:
    files = [("files", (name, Path(name).read_bytes())) for name in (picture, large)]
    png = {"Content-Type": "image/png"}
    for answer in (
        client.post(f"{base}/predict", files={"file": Path(picture).read_bytes()}),
        client.post(f"{base}/predict", content=pieces(picture, 100), headers=png),
        client.post(f"{base}/upload", files=files, data={"labels": [label, its_label]}),
        client.post(f"{base}/retrain", json={"epochs": 0}),
        client.post(f"{base}/predict", content=Path(huge).read_bytes(), headers=png),
    ):
        print(answer.text, answer.status_code)

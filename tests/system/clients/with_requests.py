"""requests, one session for all calls."""

import sys
from pathlib import Path

import requests

base, picture, label, large, its_label, huge = sys.argv[1:]
with requests.Session() as session:
    session.trust_env = False
    files = [("files", (name, Path(name).read_bytes())) for name in (picture, large)]
    png = {"Content-Type": "image/png"}
    with Path(picture).open("rb") as first, Path(picture).open("rb") as second, Path(huge).open("rb") as third:
        for answer in (
            session.post(f"{base}/predict", files={"file": first}),
            session.post(f"{base}/predict", data=iter(lambda: second.read(100), b""), headers=png),
            session.post(f"{base}/upload", files=files, data={"labels": [label, its_label]}),
            session.post(f"{base}/retrain", json={"epochs": 0}),
            session.post(f"{base}/predict", data=third, headers=png),
        ):
            print(answer.text, answer.status_code)

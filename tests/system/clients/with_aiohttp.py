"""aiohttp, one session for all calls."""

import asyncio
import io
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

base, picture, label, large, its_label, huge = sys.argv[1:]
digit, other, beyond = (Path(name).read_bytes() for name in (picture, large, huge))


async def pieces(data: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(data), 100):
        yield data[at : at + 100]


async def main() -> None:
    async with aiohttp.ClientSession() as session:

        async def post(path: str, **options: Any) -> None:
            async with session.post(base + path, **options) as answer:
                print(await answer.text(), answer.status)

        png = {"Content-Type": "image/png"}
        form = aiohttp.FormData()
        for name, data, text in ((picture, digit, label), (large, other, its_label)):
            form.add_field("files", io.BytesIO(data), filename=Path(name).name)
            form.add_field("labels", text)
        await post("/predict", data={"file": io.BytesIO(digit)})
        await post("/predict", data=pieces(digit), headers=png)
        await post("/upload", data=form)
        await post("/retrain", json={"epochs": 0})
        await post("/predict", data=io.BytesIO(beyond), headers=png)


asyncio.run(main())

"""How close POST /predict comes to the web server's own limit, and how far it is from what one would write first.

Ours, the bare application (same uvicorn, same body, a fixed answer) and FastAPI with the same model are asked in turn
by the same client over 32 connections, each server alone on one core and the client on the other. The rate by the
clock is what a user sees; the rate by the server's own processor time says the same on a machine that others use as
well.
"""

from contextlib import ExitStack

from benchmarks.measure import Result, Row, Setting, ratio_row
from benchmarks.service import bare_app, client, images, servers

CONNECTIONS = 32


def run(setting: Setting) -> Result:
    result = Result("throughput")
    bare_answer = bare_app.ANSWER
    with ExitStack() as stack:
        ours, bare = stack.enter_context(servers.ours()), stack.enter_context(servers.bare())
        subjects = {
            "ours, multipart": (ours, images.multipart()),
            "bare, multipart": (bare, images.multipart(answer=bare_answer)),
            "ours, raw": (ours, images.raw()),
            "bare, raw": (bare, images.raw(answer=bare_answer)),
        }
        if setting.peer_python is not None:
            peer = stack.enter_context(servers.fastapi(setting.peer_python))
            subjects["fastapi, multipart"] = (peer, images.multipart())
        stack.enter_context(servers.on_core(1))
        rates: dict[str, list[float]] = {name: [] for name in subjects}
        by_cpu: dict[str, list[float]] = {name: [] for name in subjects}
        wrong = 0
        for server, requests in subjects.values():
            client.load(server.address, requests, CONNECTIONS, setting.seconds / 3)
        setting = setting.finer()
        for _ in range(setting.rounds):
            for name, (server, requests) in subjects.items():
                before = server.cpu_seconds()
                run = client.load(server.address, requests, CONNECTIONS, setting.seconds)
                spent = server.cpu_seconds() - before
                wrong += run.wrong + run.lost
                rates[name].append(run.rate)
                by_cpu[name].append(len(run.samples) / max(spent, 0.01))
        result.measured = {
            "requests_per_second": rates,
            "requests_per_server_cpu_second": by_cpu,
            "resident_bytes": {
                name: server.resident_bytes() for name, (server, _) in subjects.items() if "multipart" in name
            },
        }
    for form, least in (("multipart", 0.40), ("raw", 0.42)):
        result.rows.append(
            _compared(f"POST /predict, 28x28 PNG, {form}", f"ours, {form}", f"bare, {form}", rates, least)
        )
        result.rows.append(
            _compared(f"the same by processor time, {form}", f"ours, {form}", f"bare, {form}", by_cpu, least)
        )
    if setting.peer_python is not None:
        result.rows.append(
            _compared("POST /predict against FastAPI", "ours, multipart", "fastapi, multipart", rates, 5.0)
        )
    result.rows.append(Row("wrong or lost answers in all of that", "of every answer, checked", wrong, "", at_most=0))
    return result


def _compared(work: str, ours: str, theirs: str, rates: dict[str, list[float]], least: float) -> Row:
    pairs = zip(rates[ours], rates[theirs], strict=True)
    return ratio_row(work, f"{ours} / {theirs}", [a / max(b, 1e-9) for a, b in pairs], at_least=least)

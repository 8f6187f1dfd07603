"""Both clients against a real server: what is answered, what is refused and in which words, and the loop."""

import asyncio
import io
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.client.answers import Outcome, Prediction, Progress
from server.client.async_client import AsyncClient
from server.client.client import Client
from server.client.errors import InConflict, NotPermitted, NotThere, RelearnError, Unusable
from server.client.samples import Heard
from tests.digits import SMALL_GATE_MARGIN, Digits, mnist, write_small_mnist
from tests.faults.stage import eventually
from tests.live import TRAINING_SECONDS, LiveServer

KEY = "a-key-of-the-tests"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server with a key and a small dataset."""
    folder = tmp_path_factory.mktemp("guarded")
    write_small_mnist(folder / "mnist", 1200, 200)
    flags = ("--dataset", str(folder / "mnist"), "--gate-accuracy-margin", SMALL_GATE_MARGIN)
    with LiveServer(folder, *flags, environment={"RELEARN_API_KEY": KEY}) as live:
        yield live


@pytest.fixture
def client(guarded: LiveServer) -> Iterator[Client]:
    with Client(guarded.url, key=KEY) as made:
        yield made


def folder_of(folder: Path, digits: Digits, number: int, positions: range) -> Path:
    """A dataset: a folder named by its label."""
    label = folder / str(number)
    label.mkdir(parents=True)
    for position in digits.of_class(number, positions.stop)[positions.start :]:
        (label / f"{position}.png").write_bytes(digits.png(position))
    return folder


def wait_for(client: Client, version: str) -> None:
    """Until it serves: a worker takes over in its own time."""
    deadline = time.monotonic() + TRAINING_SECONDS
    while client.health()["model_version"] != version:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_picture_is_its_bytes_its_path_or_an_open_file(client: Client, digits: Digits, tmp_path: Path) -> None:
    path = tmp_path / "seven.png"
    path.write_bytes(digits.png(0))
    answers = [client.predict(each) for each in (digits.png(0), path, str(path), io.BytesIO(digits.png(0)))]
    assert len(set(answers)) == 1
    assert answers[0].label == "7"
    assert answers[0].confidence == max(answers[0].probabilities)
    assert answers[0].model_version
    assert not answers[0].is_doubtful


def test_many_are_answered_in_order_each_for_itself(client: Client, digits: Digits) -> None:
    pictures = [digits.png(position) for position in range(600)]  # more than one request holds
    pictures[550] = b"no picture"
    answers = client.predict_many(pictures)
    assert len(answers) == 600
    broken = answers.pop(550)
    assert isinstance(broken, Unusable)
    assert (broken.code, broken.status) == ("unsupported_type", None)
    said = [each.label for each in answers if isinstance(each, Prediction)]
    expected = [str(number) for number in digits.classes[:600]]
    del expected[550]
    assert sum(one == other for one, other in zip(said, expected, strict=True)) > 580


def test_a_refusal_has_the_server_s_code_sentence_and_request_id(client: Client, guarded: LiveServer) -> None:
    answer = guarded.post("/predict", content=b"no picture", headers={"Content-Type": "image/png"})
    with pytest.raises(Unusable) as caught:
        client.predict(b"no picture")
    assert (caught.value.code, caught.value.status, str(caught.value)) == (
        answer.json()["code"],
        answer.status_code,
        answer.json()["error"],
    )
    assert caught.value.request_id


def test_a_wrong_key_and_a_missing_one_are_not_permitted(
    guarded: LiveServer, digits: Digits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RELEARN_API_KEY", raising=False)
    for key in (None, "another"):
        with Client(guarded.url, key=key) as stranger:
            assert stranger.predict(digits.png(0)).label == "7"  # what is open to everybody
            with pytest.raises(NotPermitted) as caught:
                stranger.upload([digits.png(0)], ["7"])
            assert caught.value.code == "unauthorized"


def test_address_and_key_may_be_the_environment_s(guarded: LiveServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELEARN_URL", guarded.url + "/")
    monkeypatch.setenv("RELEARN_API_KEY", KEY)
    with Client() as client:
        assert client.dataset().labels == tuple("0123456789")


def test_what_is_not_there_and_what_changed_meanwhile(client: Client) -> None:
    for version in ("77", "7/../7", "ä b"):
        with pytest.raises(NotThere):
            client.promote(version)
    with pytest.raises(NotThere):
        next(client.follow("4711"))
    with pytest.raises(InConflict) as caught:
        client.promote("0", expected="77")
    assert caught.value.code == "precondition_failed"


def test_uploads_say_what_became_of_each_file(client: Client, tmp_path: Path) -> None:
    digits = mnist("train")
    three = digits.of_class(3, 2)
    stored = client.upload([digits.png(each) for each in three] + [b"no picture"], ["3", "3", "3"], source="tests")
    assert (stored.count, len(stored.left_out)) == (2, 1)
    assert stored.left_out[0].code == "unsupported_type"
    again = client.upload([digits.png(three[0])], ["3"])
    assert (again.count, len(again.duplicates)) == (0, 1)
    dataset = folder_of(tmp_path / "mine", digits, 4, range(3))
    (dataset / "notes.txt").write_text("of mine")
    ((whole, files),) = client.upload_dataset(dataset)
    assert (whole.count, files) == (3, 4)
    assert [(each.file, each.code) for each in whole.left_out] == [("notes.txt", None)]
    assert client.dataset().count >= 5
    with pytest.raises(RelearnError, match="2 pictures and 1 labels"):
        client.upload([b"", b""], ["3"])
    with pytest.raises(RelearnError, match="is no folder"):
        list(client.upload_dataset(tmp_path / "nowhere"))


def test_an_export_is_a_zip_that_may_be_uploaded_again(client: Client, tmp_path: Path) -> None:
    digits = mnist("train")
    client.upload([digits.png(each) for each in digits.of_class(5, 4)], ["5"] * 4, source="fives")
    target = tmp_path / "fives.zip"
    assert client.export_dataset(target, label="5", source="fives") == target.stat().st_size
    ((again, _),) = client.upload_dataset(target)
    assert (again.count, len(again.duplicates)) == (0, 4)
    with pytest.raises(FileExistsError):
        client.export_dataset(target)
    with pytest.raises(Unusable):
        client.export_dataset(tmp_path / "other.zip", split="neither")
    assert not (tmp_path / "other.zip").exists()


@pytest.mark.long(seconds=20)
def test_retrain_promote_and_roll_back(client: Client) -> None:
    train = mnist("train")
    positions = range(10_000, 10_050)
    client.upload([train.png(each) for each in positions], [str(train.classes[each]) for each in positions])
    seen: list[Progress] = []
    outcome = client.retrain(seen.append, epochs=1)
    assert outcome.state == "published", outcome
    assert outcome.version is not None
    assert outcome.accuracy is not None
    stages = [each.stage for each in seen]
    assert "training" in stages
    assert max(each.share or 0.0 for each in seen) == 1.0
    assert outcome.job is not None
    *again, end = client.follow(outcome.job)  # from its first event, and over at once
    assert [each.stage for each in again if isinstance(each, Progress)] == stages
    assert end == outcome
    wait_for(client, outcome.version)
    assert client.retrain(epochs=1).state == "nothing_new"

    found = client.models()
    assert found.current == outcome.version == found.versions[0].version
    assert found.versions[0].is_current
    back = client.rollback("for the test")
    assert (back.version, back.previous) == ("0", outcome.version)
    assert client.models().moves[0].reason == "for the test"
    assert client.promote(outcome.version, "again", expected="0").previous == "0"
    moves = client.models().moves
    assert [each.to_version for each in moves] == [outcome.version, "0", outcome.version]
    assert client.rollback().version == "0"
    client.promote(outcome.version)
    wait_for(client, outcome.version)


def test_the_asynchronous_client_answers_the_same(
    client: Client, guarded: LiveServer, digits: Digits, tmp_path: Path
) -> None:
    train = mnist("train")
    pictures = [digits.png(position) for position in range(20)]

    async def calls() -> None:
        async with AsyncClient(guarded.url, key=KEY) as other:
            one, many = await asyncio.gather(other.predict(pictures[0]), other.predict_many([*pictures, b""]))
            assert many[:20] == client.predict_many(pictures)
            assert many[0] == one
            assert isinstance(many[20], Unusable)
            stored = await other.upload([train.png(train.of_class(8, 1)[0])], ["8"])
            assert stored.count + len(stored.duplicates) == 1
            dataset = folder_of(tmp_path / "mine", train, 9, range(2))
            assert [files async for _, files in other.upload_dataset(dataset)] == [2]
            assert (await other.dataset()).labels == client.dataset().labels
            assert await other.export_dataset(tmp_path / "all.zip") > 0
            assert (await other.models()).name == "digits"
            assert (await other.health())["model_loaded"]
            with pytest.raises(NotThere):
                await other.promote("77")
            job = await other.start_retrain(force=True, epochs=1)
            assert job is not None
            with pytest.raises(InConflict):
                await other.retrain(force=True)
            await other.cancel(job)
            *_, end = [event async for event in other.follow(job)]
            assert isinstance(end, Outcome)
            assert end.state == "cancelled"

    asyncio.run(calls())


def test_samples_and_what_they_show(tmp_path: Path, digits: Digits) -> None:
    flags = ("--trainer", "none", "--collect", "--collect-share", "1")
    with LiveServer(tmp_path, *flags) as live, Client(live.url) as client:
        client.predict_many([digits.png(position) for position in range(3)])
        first, second, third = eventually(lambda: found if len(found := client.samples()) == 3 else None, "samples")
        assert {each.why for each in (first, second, third)} == {"random"}
        assert client.samples(limit=1) == [first]
        assert client.samples(why="unsure") == []
        *told, missed = client.feedback(
            [
                {"sample": first.sample, "label": first.label},
                {"sample": second.sample, "skip": "none of these"},
                {"request_id": "never", "label": "7"},
            ]
        )
        assert told == [
            Heard(first.sample, first.request_id, "stored"),
            Heard(second.sample, second.request_id, "skipped"),
        ]
        assert isinstance(missed, Unusable)
        assert missed.code == "not_found"

        async def calls() -> None:
            async with AsyncClient(live.url) as other:
                assert await other.samples() == client.samples() == [third]
                (back,) = await other.feedback([{"sample": second.sample, "label": None}])
                assert isinstance(back, Heard)
                assert back.status == "waiting"
                assert {each.sample for each in await other.samples()} == {second.sample, third.sample}

        asyncio.run(calls())

"""The train image alone, as render.yaml deploys it: it serves, and retrains in a process of its own."""

from collections.abc import Iterator

import pytest

from tests.containers.engine import DATASET, TRAIN, Volume, docker
from tests.containers.service import Service

DISK = "/var/lib/relearn"


@pytest.fixture
def disk(images: None) -> Iterator[Volume]:
    """A disk as a platform mounts it: empty, and for root alone."""
    volume = Volume("disk")
    make = "import os; os.mkdir('/disk/lost+found'); os.chown('/disk', 0, 0); os.chmod('/disk', 0o755)"
    docker("run", "--rm", "--user=0:0", f"--volume={volume.name}:/disk", "--entrypoint=python", TRAIN, "-c", make)
    yield volume
    volume.remove()


def test_root_owned_disk_is_given_to_the_image_s_user(disk: Volume, dataset: Volume) -> None:
    as_root = ("--user=0:0", "--entrypoint=/app/give-disk")  # RUN_AS and dockerCommand
    mounts = (f"--volume={disk.name}:{DISK}", f"--volume={dataset.name}:{DATASET}:ro")
    with Service(TRAIN, *as_root, *mounts) as service:
        status = service.python("print(open('/proc/1/status').read())").splitlines()
        fields = dict(line.split(":\t") for line in status if ":\t" in line)
        assert fields["Uid"].split() == ["10001"] * 4
        assert int(fields["CapEff"], 16) == int(fields["CapBnd"], 16) == 0
        assert fields["NoNewPrivs"] == "1"
        assert service.version() == "0"
        assert service.retrain_and_publish() == "1"
        service.kill()
        docker("start", service.id)
        service.wait_until_ready()
        assert service.version() == "1"

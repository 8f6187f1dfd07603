"""What is fetched: files uploaded to the one Label Studio that was set, whatever a task says."""

import pytest

from server.label_studio.host import Host
from server.settings import Settings
from server.web.errors import Malformed

SET = Settings(label_studio_url="https://studio.example.com/labels/", label_studio_token="secret")


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("/data/upload/1/a.png", "/data/upload/1/a.png"),
        ("/labels/data/upload/1/a%20b.png", "/data/upload/1/a%20b.png"),
        ("https://studio.example.com/labels/data/upload/1/a.png#x", "/data/upload/1/a.png"),
        ("HTTPS://Studio.Example.com:443/data/upload/1/a..b.png", "/data/upload/1/a..b.png"),
        ("/data/local-files/?d=a/b.png", "/data/local-files/?d=a/b.png"),
    ],
)
def test_an_uploaded_file_of_the_host_is_fetched(address: str, path: str) -> None:
    assert Host(SET).path_of(address) == path


@pytest.mark.parametrize(
    "address",
    [
        *("http://169.254.169.254/latest/meta-data", "http://127.0.0.1:8000/data/upload/a", "file:///data/upload/a"),
        *("//other.example.com/data/upload/1/a.png", "http://studio.example.com/data/upload/1/a.png"),
        *(
            "https://studio.example.com:8443/data/upload/a",
            "https://studio.example.com@other.example.com/data/upload/a",
        ),
        *("https://studio.example.com.other.example.com/data/upload/a", "https://[::1/data/upload/a"),
        *("https:///data/upload/a", "https:/data/upload/a", "data/upload/a", "s3://bucket/data/upload/a"),
        *("/api/users", "/data/uploads/a", "/data/upload/../../api/users", "/data/upload/%2e%2e/%2e%2e/api/users"),
        *(
            "/data/upload/%252e%252e/api",
            "/data/upload/..\\..\\api",
            "/data/upload/a\r\nHost: b",
            "/data/upload/%0d%0aa",
        ),
        *("https://studio.example.com:port/data/upload/a", "gopher://studio.example.com/data/upload/a", " ", "a.png"),
    ],
)
def test_nothing_else_is(address: str) -> None:
    with pytest.raises(Malformed, match="RELEARN_LABEL_STUDIO_URL"):
        Host(SET).path_of(address)


@pytest.mark.parametrize("settings", [Settings(), Settings(label_studio_url="https://studio.example.com")])
def test_nothing_is_fetched_until_the_host_and_its_token_are_set(settings: Settings) -> None:
    with pytest.raises(Malformed, match="RELEARN_LABEL_STUDIO_TOKEN"):
        Host(settings).path_of("/data/upload/1/a.png")

"""Both clients are one: the same methods with the same parameters, and the page that tells of them has them all."""

import inspect
import re

import pytest

from server.client import errors
from server.client.async_client import AsyncClient
from server.client.client import Client
from tests.live import ROOT

PAGE = (ROOT / "docs/python-client.md").read_text()


def methods(kind: type) -> dict[str, list[str]]:
    found = inspect.getmembers(kind, inspect.isfunction)
    return {name: list(inspect.signature(each).parameters) for name, each in found if not name.startswith("_")}


def test_both_clients_have_the_same_methods_with_the_same_parameters() -> None:
    assert methods(Client) == methods(AsyncClient)


def test_every_method_is_told_of_with_its_parameters() -> None:
    told = dict(re.findall(r"`(\w+)\(([^)]*)\)`", PAGE))
    assert told.keys() == methods(Client).keys() - {"close"}
    for name, parameters in methods(Client).items():
        if name != "close":
            given = [re.split(r"[=:]", each.strip(" *"))[0] for each in told[name].split(",") if each]
            assert len(given) == len(parameters) - 1, name


@pytest.mark.parametrize("name", sorted({"Unreachable", *(kind.__name__ for kind in errors.Refused.__subclasses__())}))
def test_every_error_is_told_of(name: str) -> None:
    assert f"`{name}`" in PAGE

"""What the page on Kubernetes promises, held to the image, the settings and the calls; no cluster is asked."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from server.configuration import load
from server.process.image import MOUNTED, command
from server.web.keys import new_key, scopes_of
from tests.calls import calls
from tests.live import ROOT

BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", (ROOT / "docs/kubernetes.md").read_text(), re.MULTILINE | re.DOTALL)
OBJECTS = {each["kind"]: each for block in BLOCKS for each in yaml.safe_load_all(block)}
POD = OBJECTS["Deployment"]["spec"]["template"]["spec"]
CONTAINERS = {"pod": POD["containers"][0], "runtime": OBJECTS["ServingRuntime"]["spec"]["containers"][0]}
IMAGE = (ROOT / "Dockerfile.serve").read_text()
CRDS = json.loads((Path(__file__).parent / "kserve_crd.json").read_text())


def environment(container: dict[str, Any]) -> dict[str, str]:
    """What the image sets and the page sets; in place of a secret a key as it has to be."""
    own = dict(re.findall(r"(RELEARN_\w+)=(\S+)", IMAGE))
    _, line = new_key("ana", scopes_of("read", "a test"))
    return own | {each["name"]: each.get("value", line) for each in container["env"]}


@pytest.mark.parametrize("name", CONTAINERS)
def test_the_settings_are_the_server_s_and_may_listen_on_every_address(name: str) -> None:
    container = CONTAINERS[name]
    given = [argument.replace("{{.Name}}", "digits") for argument in container.get("args", [])]
    module, *flags = command(given, environment(container), MOUNTED, MOUNTED)
    settings = load(flags, environment(container))
    assert module == "server"
    assert settings.name == "digits"
    assert settings.host == "0.0.0.0"  # noqa: S104 - as the image has it
    assert [each["containerPort"] for each in container["ports"]] == [settings.port]
    for probe in ("readinessProbe", "livenessProbe"):
        if probe in container:
            asked = container[probe]["httpGet"]
            assert ("GET", asked["path"]) in calls()
            assert asked["port"] == settings.port


@pytest.mark.parametrize(
    ("container", "pod"),
    [("pod", POD), ("runtime", OBJECTS["InferenceService"]["spec"]["predictor"])],
    ids=["pod", "runtime"],
)
def test_a_pod_is_left_as_long_as_its_server_may_take(container: str, pod: dict[str, Any]) -> None:
    settings = load([], environment(CONTAINERS[container]))
    assert pod["terminationGracePeriodSeconds"] > settings.drain_seconds + settings.grace_seconds
    probe = CONTAINERS[container]["readinessProbe"]
    assert settings.drain_seconds > probe["periodSeconds"] * (probe["failureThreshold"] + 1)


@pytest.mark.parametrize("kind", ["ServingRuntime", "InferenceService"])
def test_what_is_for_kserve_is_what_its_crd_takes(kind: str) -> None:
    jsonschema.validate(OBJECTS[kind], CRDS[kind], jsonschema.Draft202012Validator)


@pytest.mark.parametrize(
    ("kind", "place", "wrong"),
    [
        ("ServingRuntime", ("spec",), {"container": []}),
        ("ServingRuntime", ("spec", "containers", 0), {"arguments": []}),
        ("ServingRuntime", ("spec", "containers", 0, "ports", 0), {"containerPort": "8080"}),
        ("InferenceService", ("spec", "predictor", "model"), {"storageURI": "pvc://models/digits"}),
        ("InferenceService", ("spec", "predictor", "model"), {"modelFormat": "relearn"}),
    ],
)
def test_what_it_does_not_take_would_be_seen(kind: str, place: tuple[str | int, ...], wrong: dict[str, Any]) -> None:
    changed = part = copy.deepcopy(OBJECTS[kind])
    for step in place:
        part = part[step]
    part |= wrong
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(changed, CRDS[kind], jsonschema.Draft202012Validator)


def test_a_pod_runs_as_the_image_does_and_keeps_what_it_stores() -> None:
    user = re.findall(r"^USER (\d+):", IMAGE, re.MULTILINE)[-1]
    assert {POD["securityContext"][name] for name in ("runAsUser", "fsGroup")} == {int(user)}
    confined = CONTAINERS["pod"]["securityContext"]
    assert confined["readOnlyRootFilesystem"]
    assert confined["capabilities"] == {"drop": ["ALL"]}
    mounted = [each["mountPath"] for each in CONTAINERS["pod"]["volumeMounts"]]
    settings = load([], environment(CONTAINERS["pod"]))
    assert all(any(str(path).startswith(place) for place in mounted) for path in (settings.artifacts, settings.data))
    assert {each["name"] for each in CONTAINERS["pod"]["volumeMounts"]} == {each["name"] for each in POD["volumes"]}


def test_what_is_joined_by_labels_and_names_is_joined() -> None:
    labels = OBJECTS["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert OBJECTS["Deployment"]["spec"]["selector"]["matchLabels"] == labels == OBJECTS["Service"]["spec"]["selector"]
    assert OBJECTS["Service"]["spec"]["ports"][0]["targetPort"] == CONTAINERS["pod"]["ports"][0]["containerPort"]
    model, runtime = OBJECTS["InferenceService"]["spec"]["predictor"]["model"], OBJECTS["ServingRuntime"]
    assert model["runtime"] == runtime["metadata"]["name"]
    assert model["modelFormat"]["name"] in [each["name"] for each in runtime["spec"]["supportedModelFormats"]]
    assert model["protocolVersion"] in runtime["spec"]["protocolVersions"]

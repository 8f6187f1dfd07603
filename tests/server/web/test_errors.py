"""The table from errors to HTTP: whole, and with the statuses and words that clients were promised."""

import errno
import json

import pytest

from server.layouts.errors import DatasetError, DatasetTooLarge
from server.pictures.errors import ImageTooLarge, PictureError, UnsupportedType, UnusableImage
from server.store.errors import (
    AnotherRequest,
    BrokenArtifact,
    ClaimLost,
    Conflict,
    CurrentMoved,
    LeaseLost,
    Locked,
    NoSpace,
    NotFound,
    QuotaReached,
    StillUnderWay,
    StoreError,
    TooFew,
    Unavailable,
    Uncertain,
    UnusableLabel,
    UnusableName,
    UnusableOption,
    UnusablePolicy,
)
from server.web import errors
from server.web.errors import REFUSALS, TOLD, RequestError, refusal_of, told

PROMISED = {
    errors.Malformed: (400, "malformed"),
    errors.Unauthorized: (401, "unauthorized"),
    errors.Forbidden: (403, "forbidden"),
    errors.InsufficientScope: (403, "insufficient_scope"),
    errors.NoSuchPath: (404, "not_found"),
    NotFound: (404, "not_found"),
    errors.MethodNotAllowed: (405, "method_not_allowed"),
    errors.HeaderTimeout: (408, "header_timeout"),
    errors.BodyTimeout: (408, "body_timeout"),
    errors.UnderWay: (409, "conflict"),
    Conflict: (409, "conflict"),
    BrokenArtifact: (409, "conflict"),
    CurrentMoved: (409, "conflict"),
    LeaseLost: (409, "conflict"),
    TooFew: (409, "too_few_images"),
    StillUnderWay: (409, "under_way"),
    errors.PreconditionFailed: (412, "precondition_failed"),
    errors.BodyTooLarge: (413, "body_too_large"),
    DatasetTooLarge: (413, "body_too_large"),
    ImageTooLarge: (413, "image_too_large"),
    errors.UrlTooLong: (414, "url_too_long"),
    errors.UnsupportedBody: (415, "unsupported_type"),
    UnsupportedType: (415, "unsupported_type"),
    AnotherRequest: (422, "another_request"),
    UnusableImage: (422, "unusable_image"),
    DatasetError: (422, "unusable_dataset"),
    UnusableLabel: (422, "unusable_label"),
    UnusableName: (422, "unusable_name"),
    UnusableOption: (422, "unusable_option"),
    UnusablePolicy: (422, "unusable_policy"),
    errors.TooOften: (429, "too_often"),
    errors.HeaderTooLarge: (431, "header_too_large"),
    errors.Failed: (500, "failed"),
    errors.FetchFailed: (502, "fetch_failed"),
    errors.Internal: (500, "internal"),
    Uncertain: (500, "uncertain"),
    Locked: (503, "busy"),
    ClaimLost: (503, "busy"),
    Unavailable: (503, "store_unavailable"),
    errors.Busy: (503, "busy"),
    errors.NoModel: (503, "no_model"),
    errors.TrainerNotReady: (503, "trainer_not_ready"),
    NoSpace: (507, "storage_failed"),
    errors.StorageFailed: (507, "storage_failed"),
    QuotaReached: (507, "quota_reached"),
}
CARRIED = {
    StillUnderWay: {"Retry-After": "1"},
    errors.Unauthorized: {"WWW-Authenticate": "Bearer"},
    Locked: {"Retry-After": "1"},
    ClaimLost: {"Retry-After": "1"},
    Unavailable: {"Retry-After": "5"},
    errors.Busy: {"Retry-After": "1"},
    errors.NoModel: {"Retry-After": "5"},
    errors.TrainerNotReady: {"Retry-After": "30"},
}


def below(kind: type[Exception]) -> set[type[Exception]]:
    return {each for child in kind.__subclasses__() for each in (child, *below(child))}


def test_every_error_has_the_answer_that_clients_were_promised() -> None:
    found = {kind: refusal_of(kind("a sentence")) for kind in REFUSALS}
    assert {kind: (status, code) for kind, (status, code, _) in found.items()} == PROMISED
    assert {kind: dict(headers) for kind, (_, _, headers) in found.items() if headers} == CARRIED


@pytest.mark.parametrize("family", TOLD)
def test_no_error_of_ours_is_without_an_answer(family: type[Exception]) -> None:
    for kind in below(family):
        assert set(kind.__mro__) & REFUSALS.keys(), kind


def test_an_error_has_the_answer_of_what_it_is_derived_from() -> None:
    class JobOpen(Conflict):
        pass

    assert refusal_of(JobOpen("job 3 is queued")) == (409, "conflict", {})


def test_headers_of_one_answer_stand_beside_those_of_its_kind() -> None:
    error = errors.Busy("full", {"Allow": "GET"})
    assert refusal_of(error).headers == {"Retry-After": "1", "Allow": "GET"}
    assert refusal_of(errors.Busy("full")).headers == {"Retry-After": "1"}


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (OSError(errno.EROFS, "Read-only file system", "/secret"), "storage_failed"),
        (OSError(errno.ENOSPC, "No space left on device", "/secret"), "storage_failed"),
        (OSError(errno.ENOENT, "No such file", "/secret"), "internal"),
        (ValueError("/secret"), "internal"),
    ],
)
def test_a_fault_of_ours_is_told_without_its_details(fault: Exception, code: str) -> None:
    error = told(fault, "0123-1")
    assert refusal_of(error).code == code
    assert "secret" not in json.dumps([str(error), dict(error.headers)])
    assert isinstance(error, RequestError)


def test_the_families_share_no_class_of_their_own() -> None:
    assert {RequestError.__base__, PictureError.__base__, StoreError.__base__} == {Exception}

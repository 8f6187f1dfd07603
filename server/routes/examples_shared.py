"""What examples of several calls have in common."""

from server.store.files import Json

TIME = "2026-05-01T12:00:00.000+00:00"
SHA256 = "5f2c9b7a0d41e8361c5b7f90a2d4e6183b5d7f902c4e6a8b0d2f4163758a9cbe"
DIGITS: list[Json] = [*"0123456789"]
PROBABILITIES: list[Json] = [0.0, 0.0041, 0.0002, 0.0003, 0.0001, 0.0, 0.0, 0.9876, 0.0005, 0.0072]
HOLDERS: dict[str, Json] = {"learned": ["3"], "descended": []}


def done(message: str, **more: Json) -> dict[str, Json]:
    """What a call did, in a sentence, and more of it."""
    return {"message": message, **more}

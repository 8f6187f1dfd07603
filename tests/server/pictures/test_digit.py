"""A digit is brought to MNIST's form whatever it is written on and with, and however it is lit, framed or sent."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from server.pictures import digit_2
from server.pictures.errors import UnusableImage
from server.pictures.image import Limits
from server.pictures.preprocessing import NEWEST, Preprocessing
from server.settings import Settings
from tests.digits import Digits, encoded, mnist, png_of

LIMIT = Limits.of(Settings())
BEFORE, NOW = (Preprocessing("digit", 28, 28, 1, number) for number in (1, NEWEST["digit"]))
SIDE = 280
SEVEN = [(90, 70), (190, 70), (130, 210)]


def seen(picture: Image.Image, kind: str = "PNG") -> np.ndarray:
    return NOW.read(encoded(picture, kind), LIMIT)[:, :, 0]


def sheet(level: int = 245) -> Image.Image:
    return Image.new("L", (SIDE, SIDE), level)


def with_seven(picture: Image.Image, ink: object = 30, width: int = 14) -> Image.Image:
    """A 7 written on it."""
    ImageDraw.Draw(picture).line(SEVEN, fill=ink, width=width, joint="curve")  # type: ignore[arg-type]
    return picture


def alike(found: np.ndarray, expected: np.ndarray) -> float:
    """The cosine of two pictures, a little blurred, so that a pixel's difference in place counts little."""
    one, other = (
        np.asarray(Image.fromarray(each).filter(ImageFilter.GaussianBlur(1)), float) for each in (found, expected)
    )
    return float((one * other).sum() / (np.linalg.norm(one) * np.linalg.norm(other)))


PLAIN = seen(with_seven(sheet()))


def folded() -> Image.Image:
    picture = sheet(215)
    ImageDraw.Draw(picture).rectangle([0, 0, 120, SIDE], fill=180)
    return picture


def pasted() -> Image.Image:
    picture = sheet(255)
    ImageDraw.Draw(picture).rectangle([60, 40, 230, 240], fill=205)
    return picture


def shaded() -> Image.Image:
    across = np.linspace(240, 120, SIDE)
    return Image.fromarray(np.tile(across, (SIDE, 1)).astype(np.uint8))


def in_shadow(picture: Image.Image) -> Image.Image:
    """With a hand's shadow, of 60 %, over a part of it, and of the digit."""
    shadow = Image.new("L", picture.size, 255)
    ImageDraw.Draw(shadow).ellipse([100, 120, 330, 330], fill=102)
    light = np.asarray(shadow.filter(ImageFilter.GaussianBlur(8)), float) / 255
    return Image.fromarray((np.asarray(picture) * light).astype(np.uint8))


def on_a_table() -> Image.Image:
    picture = sheet(35)
    ImageDraw.Draw(picture).polygon([(30, 28), (252, 36), (248, 250), (26, 246)], fill=225)
    return picture


def lined(*shapes: tuple[str, list[int], int]) -> Image.Image:
    picture = sheet()
    draw = ImageDraw.Draw(picture)
    for kind, box, width in shapes:
        if kind == "line":
            draw.line(box, fill=20, width=width)
        else:
            getattr(draw, kind)(box, outline=20, width=width)
    return picture


PAPERS = {
    "over a fold": folded(),
    "on a piece pasted on white": pasted(),
    "lit from one side": shaded(),
    "on a sheet on a dark table": on_a_table(),
    "in a frame at the edge": lined(("rectangle", [0, 0, SIDE - 1, SIDE - 1], 4)),
    "in a form's box": lined(("rectangle", [60, 40, 220, 240], 3)),
    "in a ring": lined(("ellipse", [20, 20, 260, 260], 3)),
    "in a ring that breaks where it is thin": lined(("ellipse", [40, 30, 250, 240], 2)),
    "over a line": lined(("line", [70, 232, 210, 235], 4)),
    "beside a scanner's dark edge": lined(("line", [5, 0, 5, SIDE], 14)),
    "among dirt": lined(*(("ellipse", [at, at, at + 3, at + 3], 2) for at in (20, 50, 230, 260))),
}


@pytest.mark.parametrize("where", PAPERS)
def test_a_digit_is_seen_as_on_plain_paper(where: str) -> None:
    found = seen(with_seven(PAPERS[where].copy()))
    assert alike(found, PLAIN) > 0.97
    assert (found == 0).mean() > 0.5, "the ground is exactly 0"


@pytest.mark.parametrize("pen", [14, 60])
def test_a_picture_cut_to_its_ink_is_read_whichever_there_is_more_of(pen: int) -> None:
    whole = with_seven(sheet(), width=pen)
    assert alike(seen(whole.crop((90 - pen // 2, 70 - pen // 2, 190 + pen // 2, 210 + pen // 2))), seen(whole)) > 0.97


def test_a_shadow_over_half_of_a_digit_is_no_ink_and_takes_none_away() -> None:
    found = seen(in_shadow(with_seven(sheet())))
    assert alike(found, PLAIN) > 0.97
    assert (found == 0).mean() > 0.5


def test_the_crossings_of_a_broad_pen_in_a_shadow_are_no_paper() -> None:
    four = sheet(215)
    draw = ImageDraw.Draw(four)
    draw.line([(110, 60), (90, 150), (200, 150)], fill=30, width=26, joint="curve")
    draw.line([(170, 70), (160, 230)], fill=30, width=26)
    shadow = Image.new("L", four.size, 255)
    ImageDraw.Draw(shadow).ellipse([-20, 60, 170, 260], fill=102)
    light = np.asarray(shadow.filter(ImageFilter.GaussianBlur(12)), float) / 255
    assert alike(seen(Image.fromarray((np.asarray(four) * light).astype(np.uint8))), seen(four)) > 0.97


@pytest.mark.parametrize(
    ("paper", "ink"),
    [(245, 30), (20, 230), (120, 150), ((130, 130, 130), (240, 80, 80)), ((60, 130, 60), (200, 60, 60))],
)
def test_ink_is_what_differs_from_the_paper_in_grey_or_colour(paper: object, ink: object) -> None:
    mode = "L" if isinstance(paper, int) else "RGB"
    picture = with_seven(Image.new(mode, (SIDE, SIDE), paper), ink)  # type: ignore[arg-type]
    assert alike(seen(picture), PLAIN) > 0.97


@pytest.mark.parametrize("level", [255, 235, 40, 0])
def test_a_transparent_canvas_shows_a_light_pen_and_a_dark_one(level: int) -> None:
    picture = with_seven(Image.new("RGBA", (SIDE, SIDE), (255, 255, 255, 0)), (level, level, level, 255))
    assert alike(seen(picture), PLAIN) > 0.97


@pytest.mark.parametrize(
    ("size", "height", "pen"),
    [((28, 28), 14, 1), ((100, 100), 12, 1), ((1000, 1000), 70, 9), ((1600, 1200), 90, 8)],
)
def test_thin_and_small_ink_is_read(size: tuple[int, int], height: int, pen: int) -> None:
    picture = Image.new("L", size, 250)
    top, left = size[1] // 2 - height // 3, size[0] // 2 - height // 3
    points = [(left, top), (left + round(height * 0.7), top), (left + round(height * 0.3), top + height)]
    ImageDraw.Draw(picture).line(points, fill=20, width=pen, joint="curve")
    found = seen(picture)
    assert alike(found, PLAIN) > 0.8
    assert (found > 127).sum() > 30, "its strokes are as thick as a model knows them"


def test_mnist_passes_untouched_by_either_number() -> None:
    for half in ("train", "t10k"):
        images = mnist(half).images
        for preprocessing in (BEFORE, NOW):
            ready = preprocessing.read_ready([png_of(image) for image in images[:2000]])
            assert all(found is not None for found in ready)
            assert np.array_equal(np.stack(ready)[..., 0], images[:2000])  # type: ignore[arg-type]


def test_every_mnist_picture_is_in_its_own_form() -> None:
    for half in ("train", "t10k"):
        assert digit_2.are_normal(mnist(half).images).all()


@pytest.mark.parametrize("change", ["grey ground", "dim", "off"])
def test_what_is_only_nearly_in_mnists_form_is_read_as_at_twice_the_size(digits: Digits, change: str) -> None:
    for image in digits.images[:20]:
        made = {
            "grey ground": np.maximum(image, 45),
            "dim": image // 5,
            "off": np.pad(image, ((8, 0), (8, 0)))[4:32, 4:32],
        }[change]
        picture = Image.fromarray(made)
        twice = picture.resize((56, 56), Image.Resampling.BICUBIC)
        assert alike(seen(picture), seen(twice)) > 0.9


@pytest.mark.parametrize("kind", ["bare", "grain", "a frame alone"])
def test_a_picture_without_a_digit_is_refused(kind: str) -> None:
    grain = np.random.default_rng(0).normal(200, 8, (SIDE, SIDE)).clip(0, 255).astype(np.uint8)
    frame = lined(("rectangle", [0, 0, SIDE - 1, SIDE - 1], 6))
    picture = {"bare": sheet(), "grain": Image.fromarray(grain), "a frame alone": frame}[kind]
    with pytest.raises(UnusableImage):
        seen(picture)


def test_the_first_number_reads_as_it_always_did() -> None:
    """A version trained with it goes on meeting what it was trained with, faults and all."""
    assert alike(BEFORE.read(encoded(with_seven(sheet()), "PNG"), LIMIT)[:, :, 0], PLAIN) > 0.97
    framed = encoded(with_seven(PAPERS["in a frame at the edge"].copy()), "PNG")
    assert alike(BEFORE.read(framed, LIMIT)[:, :, 0], PLAIN) < 0.9
    light = encoded(with_seven(Image.new("RGBA", (SIDE, SIDE), (255, 255, 255, 0)), (255, 255, 255, 255)), "PNG")
    with pytest.raises(UnusableImage):
        BEFORE.read(light, LIMIT)


def test_an_upload_keeps_its_colour_where_only_colour_shows_the_ink() -> None:
    picture = with_seven(Image.new("RGB", (SIDE, SIDE), (130, 130, 130)), (240, 80, 80))
    kept = NOW.picture(encoded(picture, "PNG"), LIMIT)
    assert kept.mode == "RGB"
    assert alike(NOW.apply(kept)[:, :, 0], PLAIN) > 0.97
    assert NOW.picture(encoded(with_seven(sheet()).convert("RGB"), "PNG"), LIMIT).mode == "L"

"""Digits as other hands write them, and what is no digit: drawn from MNIST's own while they are read for training.

What is drawn is brought to MNIST's form again, as a picture would be before a prediction (server/pictures): its longer
side 20 of 28, its centre of mass in the middle. All on whole batches, and in one resampling.
"""

import math
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from trainer.config import Recipe

INK = 60.0  # grey level above which a pixel counts as ink
BOX = 20 / 28  # of the field
TURN, SLANT = math.radians(45), 0.5  # at most; what is turned far is slanted little
NARROWEST = 0.35  # of its natural width: how far a digit is squeezed, as log-scale
STROKE = (1.2, 3.2)  # pixels of 28: width of a stroke added
QUIRKS = 0.5  # share of the digits that get the strokes of their class, where it has any
REMAINS = 0.06  # share that gets a remainder of a line
SCRIBBLE = 5  # strokes
Line = Sequence[tf.Tensor]  # row and column of both ends, (N,) each

FOREIGN = -1  # the class of what is no digit


def with_styles(
    images: tf.Tensor, classes: tf.Tensor, recipe: Recipe, labels: tuple[str, ...]
) -> tuple[tf.Tensor, tf.Tensor]:
    """A batch, uint8 in and out, its first digits made foreign and the next ones restyled, by the recipe's shares."""
    count = images.shape[0]
    strange = round(count * recipe.foreign)
    styled = strange + round(count * recipe.styles)
    parts = [
        foreign(tf.cast(images[:strange], tf.float32)),
        restyled(tf.cast(images[strange:styled], tf.float32), classes[strange:styled], labels),
        tf.cast(images[styled:], tf.float32),
    ]
    classes = tf.concat([tf.fill((strange,), FOREIGN), classes[strange:]], axis=0)
    return tf.cast(tf.round(tf.concat(parts, axis=0)), tf.uint8), classes


def restyled(images: tf.Tensor, classes: tf.Tensor, labels: tuple[str, ...]) -> tf.Tensor:
    """float32 (N, height, width, 1), grey on black: turned, slanted, squeezed, with flags, feet, slashes and bars."""
    for label, quirk in (("0", _slash), ("1", _flag), ("1", _foot), ("7", _bar)):
        if label in labels:
            drawn = _stroke(quirk(images), images)
            chosen = tf.random.uniform(tf.shape(classes)) < QUIRKS
            chosen &= classes == labels.index(label)
            images = tf.where(chosen[:, None, None, None], tf.maximum(images, drawn), images)
    images = _in_form(images, TURN, SLANT, NARROWEST)
    remainder = _stroke(_line(images), images)
    chosen = tf.random.uniform(tf.shape(classes)) < REMAINS
    images = tf.where(chosen[:, None, None, None], tf.maximum(images, remainder), images)
    return _other_pen(images)


def foreign(images: tf.Tensor) -> tf.Tensor:
    """As many pictures that are no digit: pairs of digits, quarters of digits swapped, scribbles."""
    height, width = images.shape[1], images.shape[2]
    first, second, third = tf.split(images, [images.shape[0] // 2, images.shape[0] // 4, -1])
    gap = width // 5
    pair = tf.concat([first[:, :, gap : width - gap], tf.reverse(first, [0])[:, :, gap : width - gap]], axis=2)
    pair = tf.image.resize(pair, (round(height * 0.8), width), antialias=True)
    pair = tf.image.resize_with_crop_or_pad(pair, height, width)
    swapped = tf.roll(second, [height // 2, width // 2], [1, 2])
    scribble = tf.zeros_like(third)
    for _ in range(SCRIBBLE):
        ends = tf.random.uniform((4, tf.shape(third)[0]), 4.0, width - 4.0)
        scribble = tf.maximum(scribble, _stroke(tf.unstack(ends), third))
    return _in_form(tf.concat([pair, swapped, scribble], axis=0), TURN / 4, SLANT / 4, NARROWEST)


def _in_form(images: tf.Tensor, turn: float, slant: float, squeeze: float) -> tf.Tensor:
    """Turned, slanted and squeezed at random by up to that much, then fitted and centred."""
    count, height, width = tf.shape(images)[0], images.shape[1], images.shape[2]

    def uniform(limit: float) -> tf.Tensor:
        return tf.random.uniform((count,), -limit, limit)

    angle, narrow = uniform(turn), tf.exp(-tf.abs(uniform(squeeze)))
    shear = uniform(slant) * (1 - tf.abs(angle) / turn)
    # From the digit to its new place: squeezed, slanted (column += shear * row), then turned.
    cosine, sine = tf.cos(angle), tf.sin(angle)
    matrix = [
        [cosine + sine * narrow * shear, sine * narrow],
        [cosine * narrow * shear - sine, cosine * narrow],
    ]
    rows, columns = (np.asarray(grid, np.float32).ravel() for grid in np.indices((height, width)))
    flat = tf.reshape(images, (count, -1))
    mass = tf.maximum(tf.reduce_sum(flat, axis=1), 1.0)
    row = tf.linalg.matvec(flat, tf.constant(rows)) / mass
    column = tf.linalg.matvec(flat, tf.constant(columns)) / mass
    away = rows[None] - row[:, None], columns[None] - column[:, None]
    moved = [line[0][:, None] * away[0] + line[1][:, None] * away[1] for line in matrix]
    ink = flat > INK
    sides = [
        tf.reduce_max(tf.where(ink, at, -99.0), axis=1) - tf.reduce_min(tf.where(ink, at, 99.0), axis=1) + 1.0
        for at in moved
    ]
    scale = BOX * height / tf.maximum(tf.maximum(sides[0], sides[1]), 4.0)
    determinant = (matrix[0][0] * matrix[1][1] - matrix[0][1] * matrix[1][0]) * scale
    back = [
        matrix[1][1] / determinant,
        -matrix[0][1] / determinant,
        -matrix[1][0] / determinant,
        matrix[0][0] / determinant,
    ]
    middle = (height - 1) / 2, (width - 1) / 2
    # ImageProjectiveTransformV3 asks for x before y.
    transforms = tf.stack(
        [
            back[3],
            back[2],
            column - back[3] * middle[1] - back[2] * middle[0],
            back[1],
            back[0],
            row - back[1] * middle[1] - back[0] * middle[0],
            tf.zeros((count,)),
            tf.zeros((count,)),
        ],
        axis=1,
    )
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=transforms,
        output_shape=(height, width),
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )


def _other_pen(images: tf.Tensor) -> tf.Tensor:
    """A third each drawn with a thicker pen, up to about 6 pixels of 28, with a thinner one, and as before."""
    count = tf.shape(images)[0]
    thicker = tf.nn.avg_pool2d(tf.nn.max_pool2d(images, 3, 1, "SAME"), 2, 1, "SAME")
    thinner = -tf.nn.max_pool2d(-images, 2, 1, "SAME")
    brightest = tf.reduce_max(thinner, axis=[1, 2, 3], keepdims=True)
    thinner = tf.where(brightest > 2 * INK, thinner * 255.0 / tf.maximum(brightest, 1.0), images)
    amount, which = tf.random.uniform((count, 1, 1, 1)), tf.random.uniform((count, 1, 1, 1))
    other = tf.where(which < 1 / 3, thicker, tf.where(which < 2 / 3, thinner, images))
    return images + amount * (other - images)


def _edges(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
    """First and last row, first and last column of the ink, (N,) each."""
    found = []
    for axis in (2, 1):
        ink = tf.reduce_max(images[..., 0], axis=axis) > INK
        at = tf.range(ink.shape[1], dtype=tf.float32)[None]
        found += [tf.reduce_min(tf.where(ink, at, 99.0), axis=1), tf.reduce_max(tf.where(ink, at, -1.0), axis=1)]
    return found[0], found[1], found[2], found[3]


def _column_at(images: tf.Tensor, row: tf.Tensor) -> tf.Tensor:
    """The middle column of the ink near a row, (N,)."""
    height, width = images.shape[1], images.shape[2]
    near = tf.cast(tf.abs(tf.range(height, dtype=tf.float32)[None] - row[:, None]) < 1.5, tf.float32)
    levels = tf.reduce_sum(images[..., 0] * near[:, :, None], axis=1)
    return tf.linalg.matvec(levels, tf.range(width, dtype=tf.float32)) / (tf.reduce_sum(levels, axis=1) + 1e-3)


def _flag(images: tf.Tensor) -> Line:
    top, bottom, _, _ = _edges(images)
    column, count = _column_at(images, top + 1), tf.shape(images)[0]
    length = (bottom - top) * tf.random.uniform((count,), 0.2, 0.75)
    angle = tf.random.uniform((count,), math.radians(20), math.radians(65))
    return top + 1, column, top + 1 + length * tf.sin(angle), column - length * tf.cos(angle)


def _foot(images: tf.Tensor) -> Line:
    top, bottom, _, _ = _edges(images)
    column = _column_at(images, bottom - 1)
    half = (bottom - top) * tf.random.uniform(tf.shape(top), 0.1, 0.35)
    return bottom - 0.5, column - half, bottom - 0.5, column + half


def _bar(images: tf.Tensor) -> Line:
    top, bottom, _, _ = _edges(images)
    row = top + (bottom - top) * tf.random.uniform(tf.shape(top), 0.4, 0.6)
    column = _column_at(images, row)
    half = (bottom - top) * tf.random.uniform(tf.shape(top), 0.15, 0.3)
    return row, column - half, row, column + half


def _slash(images: tf.Tensor) -> Line:
    top, bottom, left, right = _edges(images)
    beyond = tf.random.uniform(tf.shape(top), -3.0, 2.5)
    return bottom + beyond, left - beyond, top - beyond, right + beyond


def _line(images: tf.Tensor) -> Line:
    """A line, or what a crop left of one, beside the digit."""
    count, side = tf.shape(images)[0], float(images.shape[1])
    off = tf.random.uniform((count,), 0.0, 3.5)
    off = tf.where(tf.random.uniform((count,)) < 0.5, off, side - 1 - off)
    start = tf.random.uniform((count,), -4.0, side * 0.6)
    stop = start + tf.random.uniform((count,), side * 0.3, side)
    tilt = tf.random.uniform((count,), -1.0, 1.0)
    upright = tf.random.uniform((count,)) < 0.5
    ends = (off - tilt, start, off + tilt, stop)
    return tuple(tf.where(upright, ends[at], ends[at ^ 1]) for at in range(4))


def _stroke(line: Line, like: tf.Tensor) -> tf.Tensor:
    """A stroke between two points of each picture, float32 like `like`."""
    count, height, width = tf.shape(like)[0], like.shape[1], like.shape[2]
    rows = tf.range(height, dtype=tf.float32)[None, :, None]
    columns = tf.range(width, dtype=tf.float32)[None, None, :]
    row0, column0, row1, column1 = (end[:, None, None] for end in line)
    along = tf.maximum((row1 - row0) ** 2 + (column1 - column0) ** 2, 1e-3)
    share = ((rows - row0) * (row1 - row0) + (columns - column0) * (column1 - column0)) / along
    share = tf.clip_by_value(share, 0.0, 1.0)
    off = tf.sqrt((rows - row0 - share * (row1 - row0)) ** 2 + (columns - column0 - share * (column1 - column0)) ** 2)
    half = tf.random.uniform((count, 1, 1), STROKE[0] / 2, STROKE[1] / 2)
    return 255.0 * tf.clip_by_value(half + 0.5 - off, 0.0, 1.0)[..., None]

"""Random changes that leave an image what it is, applied to whole batches while they are read for training.

Every pixel of the result is read from one place of the image, found by an affine map and a smooth bend (Simard et al.
2003, https://doi.org/10.1109/ICDAR.2003.1227801), so that an image is resampled once only. What is drawn at random
follows from a batch's seed alone, since batches are changed side by side, in no order that lasts.
"""

import math

import numpy as np
import tensorflow as tf

from trainer.config import Recipe

BEND_GRID = 5  # points a side whose random displacement bends the image; between them it is bicubic
UNIFORM_DRAWS = 7  # of an image: angle, shear, two scales, two shifts, a flip
THICKNESS_MOST = 0.7  # how far a stroke goes, at most, towards its neighbourhood's brightest or darkest pixel


def augment(images: tf.Tensor, recipe: Recipe, seed: tf.Tensor) -> tf.Tensor:
    """uint8 (N, height, width, channels) in and out: rotated, sheared, scaled, shifted, bent, perhaps flipped.

    `seed` is two integers.
    """
    of_places, of_bends, of_strokes = tf.unstack(tf.random.split(seed, 3))
    moved = _read_at(tf.cast(images, tf.float32), *_places(tf.shape(images)[0], recipe, of_places, of_bends), recipe)
    if recipe.thickness:
        moved = _strokes_changed(moved, recipe.thickness, of_strokes)
    return tf.cast(tf.round(moved), tf.uint8)


def _places(count: tf.Tensor, recipe: Recipe, seed: tf.Tensor, bend_seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Rows and columns, float32 (N, height, width) each, from which the pixels of the result are read."""
    draws = iter(tf.unstack(tf.random.stateless_uniform((UNIFORM_DRAWS, count, 1, 1), seed, -1.0, 1.0)))

    def uniform(limit: float) -> tf.Tensor:
        return limit * next(draws)

    angle, shear = uniform(math.radians(recipe.rotation)), uniform(recipe.shear)
    grow_rows, grow_columns = tf.exp(uniform(recipe.scale)), tf.exp(uniform(recipe.scale))
    if recipe.flip:
        grow_columns *= tf.where(next(draws) < 0, -1.0, 1.0)
    middle_row, middle_column = (recipe.height - 1) / 2, (recipe.width - 1) / 2
    row = (np.arange(recipe.height, dtype=np.float32) - np.float32(middle_row))[None, :, None] * grow_rows
    column = (np.arange(recipe.width, dtype=np.float32) - np.float32(middle_column))[None, None, :] * grow_columns
    column, row = column + shear * row, row
    rows = tf.sin(angle) * column + tf.cos(angle) * row + middle_row + uniform(recipe.shift * recipe.height)
    columns = tf.cos(angle) * column - tf.sin(angle) * row + middle_column + uniform(recipe.shift * recipe.width)
    if recipe.elastic:
        points = tf.random.stateless_normal((count, BEND_GRID, BEND_GRID, 2), bend_seed, stddev=recipe.elastic)
        bend = tf.image.resize(points, (recipe.height, recipe.width), "bicubic")
        rows, columns = rows + bend[..., 0] * recipe.height, columns + bend[..., 1] * recipe.width
    return rows, columns


def _read_at(images: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor, recipe: Recipe) -> tf.Tensor:
    """The images between their pixels, bilinear; outside is black for digits, else what the nearest edge shows."""
    border = 1 if recipe.preprocessing == "digit" else 0
    images = tf.pad(images, [[0, 0], [border, border + 1], [border, border + 1], [0, 0]])
    # The one row and column beyond the border is only ever read with weight 0.
    last_row, last_column = recipe.height - 1 + 2 * border, recipe.width - 1 + 2 * border
    rows = tf.clip_by_value(rows + border, 0.0, float(last_row))
    columns = tf.clip_by_value(columns + border, 0.0, float(last_column))
    above, left = tf.floor(rows), tf.floor(columns)
    down, right = (rows - above)[..., None], (columns - left)[..., None]
    stride = last_column + 2
    first = tf.range(tf.shape(images)[0])[:, None, None] * ((last_row + 2) * stride)
    at = first + tf.cast(above, tf.int32) * stride + tf.cast(left, tf.int32)
    pixels = tf.reshape(images, (-1, recipe.channels))
    upper = tf.gather(pixels, at) * (1 - right) + tf.gather(pixels, at + 1) * right
    lower = tf.gather(pixels, at + stride) * (1 - right) + tf.gather(pixels, at + stride + 1) * right
    return upper * (1 - down) + lower * down


def _strokes_changed(images: tf.Tensor, share: float, seed: tf.Tensor) -> tf.Tensor:
    """Of a share of the images the strokes made thicker or thinner; the others as they are."""
    count = tf.shape(images)[0]
    thicker = tf.nn.max_pool2d(images, 2, 1, "SAME")
    thinner = -tf.nn.max_pool2d(-images, 2, 1, "SAME")
    amount, which = tf.unstack(tf.random.stateless_uniform((2, count, 1, 1, 1), seed))
    changed = images + THICKNESS_MOST * amount * (tf.where(which < share / 2, thicker, thinner) - images)
    return tf.where(which < share, changed, images)

"""Random changes that leave an image what it is, applied to whole batches while they are read for training."""

import numpy as np
import tensorflow as tf

from trainer.config import Recipe


def augment(images: tf.Tensor, recipe: Recipe) -> tf.Tensor:
    """uint8 (N, height, width, channels) in and out: each image rotated, sheared, scaled, shifted, perhaps flipped."""
    count = tf.shape(images)[0]

    def uniform(limit: float) -> tf.Tensor:
        return tf.random.uniform((count,), -limit, limit)

    angle = uniform(recipe.rotation * np.pi / 180)
    shear = uniform(recipe.shear)
    grow_rows, grow_columns = 1 + uniform(recipe.scale), 1 + uniform(recipe.scale)
    cosine, sine = tf.cos(angle), tf.sin(angle)
    # Output (column, row) reads from input (a*column + b*row + c, d*column + e*row + f), about the image's centre.
    a, b = cosine * grow_columns, (cosine * shear - sine) * grow_columns
    d, e = sine * grow_rows, (sine * shear + cosine) * grow_rows
    if recipe.flip:
        mirror = tf.where(tf.random.uniform((count,)) < 0.5, -1.0, 1.0)
        a, d = a * mirror, d * mirror
    middle_row, middle_column = (recipe.height - 1) / 2, (recipe.width - 1) / 2
    c = middle_column - a * middle_column - b * middle_row + uniform(recipe.shift * recipe.width)
    f = middle_row - d * middle_column - e * middle_row + uniform(recipe.shift * recipe.height)
    zeros = tf.zeros_like(a)
    transforms = tf.stack([a, b, c, d, e, f, zeros, zeros], axis=1)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=transforms,
        output_shape=(recipe.height, recipe.width),
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="CONSTANT" if recipe.preprocessing == "digit" else "NEAREST",
    )

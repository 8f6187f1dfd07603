"""The network: a few convolutions, strided early, since multiply-adds decide what a prediction costs.

It maps uint8 images to logits. `scaled=False` builds the same network for pixels that the first layer's weights already
scale, which is how it is exported: one operation less for every prediction.
"""

import keras

from trainer.config import Recipe

SCALE = 1 / 255
KERNEL, CHANNELS = (5, 3, 3, 3), (16, 32, 48, 96)


def build_model(recipe: Recipe, classes: int, scaled: bool = True) -> keras.Model:
    """Images uint8 (N, height, width, channels) -> logits float32 (N, classes)."""
    inputs = keras.Input((recipe.height, recipe.width, recipe.channels), dtype="uint8", name="image")
    x = keras.ops.cast(inputs, "float32")
    if scaled:
        x = x * SCALE
    while (
        min(x.shape[1], x.shape[2]) > 40
    ):  # larger pictures are brought near to the size that the network was made for
        x = keras.layers.AveragePooling2D(2)(x)
    for number, (kernel, channels) in enumerate(zip(KERNEL, CHANNELS, strict=True)):
        strided = number < 2
        x = keras.layers.Conv2D(
            max(8, round(channels * recipe.channels_factor / 8) * 8),
            kernel,
            strides=2 if strided else 1,
            padding="same" if number == 1 else "valid",
            use_bias=False,
            name=f"convolution_{number}",
        )(x)
        x = keras.layers.BatchNormalization(momentum=0.95, name=f"normalization_{number}")(x)
        x = keras.layers.ReLU(name=f"activation_{number}")(x)
    x = keras.layers.Flatten(name="flatten")(x)
    logits = keras.layers.Dense(classes, name="logits")(x)
    return keras.Model(inputs, logits)


def unscaled(model: keras.Model, recipe: Recipe, classes: int) -> keras.Model:
    """The same function of the same images, with the scaling of pixels moved into the first convolution's weights."""
    made = build_model(recipe, classes, scaled=False)
    made.set_weights(model.get_weights())
    first = made.get_layer("convolution_0")
    first.set_weights([first.get_weights()[0] * SCALE])
    return made

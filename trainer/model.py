"""The network: a few convolutions, strided early, since multiply-adds decide what a prediction costs.

It maps uint8 images to logits. `scaled=False` builds the same network for pixels that the first layer's weights already
scale, which is how it is exported: one operation less for every prediction.
"""

import keras

from trainer.config import Recipe

SCALE = 1 / 255
KERNEL, CHANNELS = (5, 3, 3, 3), (16, 32, 48, 96)  # see docs/decisions/0003-network-and-recipe.md
BLOCK = 16  # channels that onnxruntime computes at once: a number of channels between two multiples costs the higher
NEAR_SIDE = 40  # pixels: pictures are halved until one of their sides is at most this
FLAT_SIDE = 4  # of the last grid: beyond it the places are averaged, or the dense layer would outgrow all the others


def build_model(recipe: Recipe, classes: int, scaled: bool = True) -> keras.Model:
    """Images uint8 (N, height, width, channels) -> logits float32 (N, classes)."""
    inputs = keras.Input((recipe.height, recipe.width, recipe.channels), dtype="uint8", name="image")
    x = keras.ops.cast(inputs, "float32")
    if scaled:
        x = x * SCALE
    while min(x.shape[1:3]) > NEAR_SIDE:  # larger pictures are brought near to the size that the network was made for
        x = keras.layers.AveragePooling2D(2)(x)
    for number, (kernel, channels) in enumerate(zip(KERNEL, CHANNELS, strict=True)):
        x = keras.layers.Conv2D(
            max(BLOCK, round(channels * recipe.channels_factor / BLOCK) * BLOCK),
            kernel,
            strides=2 if number < 2 else 1,
            padding="same" if number == 1 or min(x.shape[1:3]) < 4 else "valid",
            use_bias=False,
            kernel_initializer="he_normal",
            name=f"convolution_{number}",
        )(x)
        x = keras.layers.BatchNormalization(momentum=0.95, name=f"normalization_{number}")(x)
        x = keras.layers.ReLU(name=f"activation_{number}")(x)
    if max(x.shape[1:3]) > FLAT_SIDE:
        x = keras.layers.GlobalAveragePooling2D(name="pooling")(x)
    else:
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

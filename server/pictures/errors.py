"""Why no picture, or none that a model can use, comes out of a file; each message is a sentence for whoever sent it."""


class PictureError(Exception):
    """Any of these: the file is at fault, and another may do."""


class ImageTooLarge(PictureError):
    """It has more pixels than are taken."""


class UnsupportedType(PictureError):
    """It is no picture, or of a format that is not read here."""


class UnusableImage(PictureError):
    """It is damaged, or there is nothing to see."""

"""A dataset as people lay it out: folders or a zip, named by folders or by metadata."""

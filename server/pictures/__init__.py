"""A file's bytes -> pixels -> the model's input."""

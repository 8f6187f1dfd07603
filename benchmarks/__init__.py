"""Measurements of the service: they speak HTTP, and call onnxruntime and Pillow for the limits inside one process."""

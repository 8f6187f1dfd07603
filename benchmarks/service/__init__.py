"""What the running service does, measured from outside over HTTP, and the limits that onnxruntime and Pillow set it."""

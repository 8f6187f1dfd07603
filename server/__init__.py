"""The service: predictions, uploads, jobs and models over HTTP. Imports nothing of ours outside itself."""

import os

# onnxruntime reads this when it is loaded; without it, it keeps a device id and a database of events in the home
# folder.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__ = "0.1.0"

"""The service: predictions, uploads, jobs and models over HTTP. Imports nothing of ours outside itself."""

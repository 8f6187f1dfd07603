"""Measurements of the service and of the model; beside the two rooms, what both measure with and what tells results."""

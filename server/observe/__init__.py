"""What can be seen of the service: metrics for Prometheus, the last minutes for the page."""

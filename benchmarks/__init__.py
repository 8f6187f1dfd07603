"""Measurements: of the service in service/, of the model in model/; here stands what is of neither alone."""

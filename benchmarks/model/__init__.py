"""What the model and its training are worth: accuracy, calibration, cost; each a command in the train environment."""

"""Looks at everything that is stored, and says what is wrong: `python -m server check`. It changes nothing."""

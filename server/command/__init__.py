"""The command `relearn`: starts the programs beside it, and asks a server through the client."""

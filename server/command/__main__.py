"""`python -m server.command`, which is `relearn` in a checkout."""

from server.command.main import main

if __name__ == "__main__":
    main()

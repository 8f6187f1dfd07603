"""How a retrain is started: as a process, as a container, or by a runner that waits."""

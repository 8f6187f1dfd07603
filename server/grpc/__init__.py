"""The Open Inference Protocol over gRPC, on a port of its own: an option, loaded only where it is asked for."""

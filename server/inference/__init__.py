"""The Open Inference Protocol (version 2): tensors in, tensors out, as KServe's and Triton's clients speak."""

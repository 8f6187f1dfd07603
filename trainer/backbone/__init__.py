"""A pretrained network under the last layer: which there are, where their weights are from, how they are fitted."""

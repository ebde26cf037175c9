"""Training: recipe, loop, optimizer, losses, checkpoints, and the weights a run starts from."""

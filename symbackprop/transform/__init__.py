"""What stands on differentiation and simplification: batching, sparsity, checkpoints, Taylor series."""

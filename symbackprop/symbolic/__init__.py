"""SymPy expressions in and out. Not in here: verification (`check`), which uses SymPy to check and not to read."""

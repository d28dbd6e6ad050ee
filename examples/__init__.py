"""Short scripts, each read in a minute."""

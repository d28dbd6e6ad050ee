"""Pictures of a graph and listings for people. Not in here: the code that runs (`emit`)."""

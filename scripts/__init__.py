"""A person's hands: the command line."""

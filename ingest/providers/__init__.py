"""One file for each provider: the only files that know how it speaks."""

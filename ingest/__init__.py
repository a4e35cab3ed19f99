"""The way in: what providers say, by webhook and by API."""

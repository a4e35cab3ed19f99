"""The way out to people: pages and the API."""

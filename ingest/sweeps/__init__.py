"""Sweeps: what the providers' APIs say goes through the same inbox as what their webhooks say."""

"""Bookings: intents carried out at the providers, exactly once each, and the slots that may be offered."""

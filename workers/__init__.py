"""The broker, the doorbell, the actors and the schedule."""

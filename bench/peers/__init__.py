"""Others at the same job: what people would use instead, set up as their documentation advises.

Each `with_….py` runs in an environment of its own (`….lock`) and imports nothing of ours but `job`.
"""

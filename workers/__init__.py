"""The hands: a doorbell that says which leads have jobs, and workers that drain them."""

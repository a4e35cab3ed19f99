"""The collector of reference cycles, tuned for processes that make many values and few cycles."""

import gc

# A batch of a hundred leads makes some ten thousand containers; at the default of 700 the collector took a
# quarter of a drain's time and found nothing.
YOUNG = 50_000


def settle() -> None:
    """Call once what a process needs is loaded: that is never looked at again, the rest seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 20)

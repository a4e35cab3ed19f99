"""What the facts mean: pure functions over values, without I/O and without a clock."""

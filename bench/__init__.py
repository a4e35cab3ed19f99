"""The measurements of docs/performance.md: each figure beside its reference, in one run."""

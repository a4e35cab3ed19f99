"""What the workers count."""

from prometheus_client import Counter, Histogram

JOBS = Counter("apptrail_jobs_total", "Jobs by what became of them.", ("outcome",))
DRAIN_LEADS = Histogram(
    "apptrail_drain_leads", "Leads changed by one drain.", buckets=(0, 1, 2, 5, 10, 20, 50, 100)
)
DRAIN_SECONDS = Histogram(
    "apptrail_drain_seconds",
    "Seconds that one drain took.",
    ("lane",),
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
POSTPONED = Counter("apptrail_drains_postponed_total", "Drains put off because of what is nobody's fault.")

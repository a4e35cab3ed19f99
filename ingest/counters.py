"""What the receiver counts, by provider and by outcomes that we named."""

from prometheus_client import Counter, Histogram

DELIVERIES = Counter(
    "apptrail_deliveries_total", "Webhook deliveries by outcome.", ("provider", "outcome", "reason")
)
LAYOUTS = Counter(
    "apptrail_odd_layouts_total",
    "Authentic bodies in a layout that the provider does not document.",
    ("provider", "layout"),
)
CONTACT_EVENTS = Counter(
    "apptrail_contact_events_total",
    "What a CRM told of contacts, by its own name for the event; a suppression among them.",
    ("provider", "event"),
)
UNKNOWN_WORDS = Counter(
    "apptrail_unknown_status_words_total", "Status words that nobody knows, read as pending.", ("provider",)
)
STORE_SECONDS = Histogram(
    "apptrail_delivery_seconds",
    "Seconds that the delivery that waited longest in its batch waited, normalized, until it was committed.",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2),
)
BATCH_PARCELS = Histogram(
    "apptrail_post_batch_parcels",
    "Deliveries that shared one transaction.",
    buckets=(1, 2, 5, 10, 20, 50, 100),
)

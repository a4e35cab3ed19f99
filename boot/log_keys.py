"""What a log line may say: an allow-list, for a forbidden list is always one key short."""

KEYS = frozenset({
    # what happened, when, where
    "event", "level", "timestamp", "logger", "version", "dropped",
    # whose and which
    "trace_id", "trace_ids", "client_id", "lead_id", "lead_ids", "connection_id", "appointment_id", "job_id", "letter_id",
    "sweep_id", "run_id", "message_id", "operator_id", "token_id", "provider", "kind", "source", "lane", "queue",
    # how it went
    "outcome", "reason", "status", "fingerprint", "error", "location", "traceback", "causes", "attempts", "state",
    "answer", "check", "action", "role", "field", "command",
    # how much
    "jobs", "leads", "batch", "seconds", "depth", "count", "size", "pages", "rung", "scanned", "created", "exists",
    "tables", "skipped", "errors", "checked", "different", "repaired", "missing", "changed", "due", "age",
    # processes and requests
    "worker", "pid", "port", "process", "exit_code", "signal", "path_template", "method",
})  # fmt: skip

"""What every front door needs before it opens: settings, the clock, logging, servers, the supervisor."""

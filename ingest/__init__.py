"""The face towards providers: what they deliver becomes jobs in the inbox, durable before we say 2xx."""

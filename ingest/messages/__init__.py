"""Messages: what the channels' adapters share: reading a reply, telling repeats apart, leaving no word behind."""

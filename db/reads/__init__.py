"""What the pages and the API ask: one file for each noun, SQL and rows, nothing of how they are shown."""

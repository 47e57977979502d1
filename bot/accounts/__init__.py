"""Who may log in, and how they learn it."""

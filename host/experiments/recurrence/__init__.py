"""Tasks that need memory: feed-forward, detached and full recurrence."""

"""From settings to embedded queries and gallery."""

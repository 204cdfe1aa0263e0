"""The dashboard: what a run looks like while it goes on, and the only place where Qt is imported."""

"""What events add up to: per-user counts in columns, closed tiles of items, co-views."""

"""The Pusher node: publishes a blessed model, all of it or nothing."""

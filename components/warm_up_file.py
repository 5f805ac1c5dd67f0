"""The requests that a new version answers before it meets its first caller."""

from __future__ import annotations

WARM_UP_FILE = "tf_serving_warmup_requests"  # in an infra blessing, and in a version's assets.extra

"""Images by name: a tag may come to mean other bytes, a digest may not."""

from __future__ import annotations

# With a tag, a digest, or both.
PATTERN = r"^[\w./:-]*\w(:[\w.-]+|@sha256:[0-9a-f]{64})$"


def how_to_fix(image: str) -> str:
    """What to do about an image that is named by its tag alone; empty where a digest is named."""
    if "@sha256:" in image:
        return ""
    return (
        f"{image} is a tag, which may come to mean another image. `docker buildx imagetools "
        f"inspect {image}` prints its digest: write `serving: {{image: {image}@sha256:...}}`."
    )

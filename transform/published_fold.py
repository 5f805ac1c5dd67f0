"""What the online side needs to go on with the fold, beside the states of the users."""

from __future__ import annotations

from pydantic import Field

from transform.settings import Frozen
from transform.state import FoldSettings
from transform.windows import UserWindow

FOLD_FILE = "fold.json"


class PublishedFold(Frozen):
    """The file beside the user states.

    Attributes:
        windows: Windows that the states were built with.
        shop_values: Global aggregates at the end of the log, by name.
        max_history: Events of a history that the states keep; `None` for all.
        impression_type: The event type that is in no history.
    """

    windows: tuple[UserWindow, ...] = ()
    shop_values: dict[str, float] = Field(default_factory=dict)
    max_history: int | None = None
    impression_type: str = "impression"

    @property
    def settings(self) -> FoldSettings:
        """The settings to go on with."""
        return FoldSettings(self.max_history, self.windows, self.impression_type)

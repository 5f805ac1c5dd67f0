"""What the online side needs to go on with the fold, beside the states of the users."""

from __future__ import annotations

from pydantic import Field

from transform.settings import Frozen
from transform.windows import UserWindow

FOLD_FILE = "fold.json"


class PublishedFold(Frozen):
    """The file beside the user states; absent where no aggregates are declared.

    Attributes:
        windows: Windows that the states were built with.
        shop_values: Global aggregates at the end of the log, by name.
    """

    windows: tuple[UserWindow, ...] = ()
    shop_values: dict[str, float] = Field(default_factory=dict)

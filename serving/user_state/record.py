"""What the online side keeps: a record for each user, and what was published with them."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Mapping
from typing import NamedTuple

from serving.query import FeatureValue
from serving.user_state.live import Ledger
from transform.state import EMPTY, FoldSettings, UserState
from transform.windows import UserWindow


class UserStateError(Exception):
    """The store gives no record; the message says the rule, the value and what to do."""


class DamagedRecordError(UserStateError):
    """One record cannot be read; the store itself answers."""


class UserRecord(NamedTuple):
    """What is known of one user.

    Attributes:
        version: Grows by one with each write; 0 where nothing is known.
        state: The fold's state.
        features: Query features of the user, without those that are missing.
        ledger: Live events of the stream that the state holds.
    """

    version: int = 0
    state: UserState = EMPTY
    features: Mapping[str, FeatureValue] = {}  # nobody changes it
    ledger: Ledger = ()


UNKNOWN = UserRecord()
KEEP_ALL = FoldSettings()


@dataclasses.dataclass(frozen=True)
class Publication:
    """What the pipeline published with the states.

    Attributes:
        settings: What the states were folded with, and are folded on with.
        shop_values: Global aggregates at the end of the log, by name.
        popular_item_id: The most popular items of late, best first: what to show where no model
            answers.
    """

    settings: FoldSettings = KEEP_ALL
    shop_values: Mapping[str, float] = dataclasses.field(default_factory=dict)
    popular_item_id: tuple[str, ...] = ()

    def to_json(self) -> bytes:
        """UTF-8 JSON that `from_json` reads."""
        facts = {
            "settings": self.settings._asdict(),
            "shop_values": dict(self.shop_values),
            "popular_item_id": self.popular_item_id,
        }
        return json.dumps(facts, ensure_ascii=False).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Publication:
        """Reads what `to_json` wrote.

        Raises:
            UserStateError: It is something else.
        """
        try:
            facts = json.loads(text)
            settings = facts["settings"]
            windows = tuple(UserWindow(*window) for window in settings["windows"])
            return cls(
                settings=FoldSettings(**{**settings, "windows": windows}),
                shop_values={name: float(value) for name, value in facts["shop_values"].items()},
                popular_item_id=tuple(map(str, facts["popular_item_id"])),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UserStateError(
                f"the store must say how its states are folded, received {text[:80]!r} "
                f"({error!r}). Import the published states again"
            ) from error


NOTHING_PUBLISHED = Publication()


@functools.lru_cache(maxsize=8)
def published(content: bytes | None) -> Publication:
    """What a store holds as published, None for nothing; parsed anew only where it has changed.

    Raises:
        UserStateError: It is something else.
    """
    return NOTHING_PUBLISHED if content is None else Publication.from_json(content)

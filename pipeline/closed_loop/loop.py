"""The closed loop: users see lists and react, the stream flows, models retrain, gates decide."""

from __future__ import annotations

import contextlib
import importlib.resources
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from pipeline.closed_loop.earnings import Earnings, earnings
from pipeline.closed_loop.page import write_page
from pipeline.closed_loop.plan import LoopPlan
from pipeline.closed_loop.record import DayRecord, Footprint, write_records
from pipeline.closed_loop.retraining import Retraining, Train
from pipeline.closed_loop.served import Served
from pipeline.closed_loop.shop import Shop, open_shop
from pipeline.closed_loop.storefront import Clock, Storefront, storefront
from pipeline.errors import RunError
from pipeline.event_stream import StreamPlace, item_categories
from pipeline.serving_folder import serving_folder
from pipeline.settings import Settings
from serving.stream.log_files import DAY_SECONDS
from serving.user_state.store import UserStateStore

RECORDS, PAGE = "timeline.json", "timeline.html"
_COMPARED_DAYS = 5  # with whose earnings those of a day are compared
_REMEMBERED_DAYS = 14  # that tell what a user usually clicks

Tell = Callable[[list[DayRecord]], None]


def settings_file(folder: Path) -> Path:
    """The settings of a loop's pipeline; the packaged ones are put there where there are none."""
    config = folder / "settings.yaml"
    if not config.exists():
        packaged = importlib.resources.files("pipeline.closed_loop").joinpath("settings.yaml")
        config.write_text(packaged.read_text(encoding="utf-8"), encoding="utf-8")
    return config


def run_loop(
    plan: LoopPlan, folder: Path, settings: Settings, train: Train, tell: Tell
) -> list[DayRecord]:
    """Lets the days pass.

    Args:
        plan: What happens.
        folder: The timeline and its page are written there, and the shop's tables.
        settings: Of the pipeline.
        train: Trains on what the log holds on the evening of a day.
        tell: Called with all days so far at the end of each.

    Raises:
        RunError: There was a loop here before, or a part of it does not answer.
    """
    if settings.root.exists():
        raise RunError(
            f"a loop must begin with an empty root folder. Received: {settings.root}, where one "
            "has been. Choose another folder, or remove it."
        )
    records: list[DayRecord] = []
    with _opened(plan, folder, settings) as parts:
        loop = _Loop(plan, settings, train, *parts)
        for day in range(1 - plan.before, plan.days + 1):
            records.append(loop.day(day))
            write_records(folder / RECORDS, plan, records)
            write_page(folder / PAGE, records)
            tell(records)
    return records


@contextlib.contextmanager
def _opened(
    plan: LoopPlan, folder: Path, settings: Settings
) -> Iterator[tuple[Shop, UserStateStore, Clock, Storefront, Served]]:
    place, clock = StreamPlace(settings), Clock()
    with (
        contextlib.closing(place.store()) as store,
        open_shop(plan, folder / "items.parquet") as shop,
        storefront(place, store, clock) as front,
        contextlib.closing(Served(serving_folder(settings), folder / "server.log")) as served,
    ):
        yield shop, store, clock, front, served


@dataclass
class _Loop:
    """The parts of a loop at work."""

    plan: LoopPlan
    settings: Settings
    train: Train
    shop: Shop
    store: UserStateStore
    clock: Clock
    front: Storefront
    served: Served

    def __post_init__(self) -> None:
        self._log_days: list[Path] = []  # on which a model made the lists

    def day(self, day: int) -> DayRecord:
        """Lets a day and its evening pass."""
        started = time.monotonic()
        date, quality = self._open_hours(day)
        versions = dict(sorted(self.front.versions.items()))
        earned = self._earnings(date) if any(versions) else None  # 0 stands for no model
        trains = 0 <= day < self.plan.days and not self.plan.is_out(day)
        retraining = self._evening(day) if trains else None
        return DayRecord(
            day=day,
            date=date,
            planted=self.plan.planted(day),
            versions=versions,
            quality=quality,
            earnings=earned,
            retraining=retraining,
            footprint=self._footprint(),
            seconds=time.monotonic() - started,
        )

    def _open_hours(self, day: int) -> tuple[str, dict[str, Any]]:
        """The shop is open; its date, and the truth about the lists that it showed."""
        self.front.versions.clear()
        date, midnight, step = self.shop.open(day)
        self.front.categories = item_categories(self.settings)  # of the items as just exported
        self.clock.now = midnight + DAY_SECONDS - 1
        while step.quality is None:
            step = self.shop.show(self.front.show(step.asking, self.served.client))
            self.front.tell(step.deeds)
        self.front.compact()
        return date, step.quality

    def _earnings(self, date: str) -> Earnings | None:
        self._log_days.append(StreamPlace(self.settings).log_folder / f"dt={date}")
        return earnings(self._log_days[-_REMEMBERED_DAYS:], _COMPARED_DAYS)

    def _evening(self, day: int) -> Retraining:
        """A retraining; what it pushed is served from now on."""
        done = self.train(day, self.store)
        if done.version is not None:
            self.served.swap_to(done.version)
        return done

    def _footprint(self) -> Footprint:
        own = psutil.Process()
        return Footprint(
            *self.served.footprint(),
            own.memory_info().rss / 1e6,
            own.num_fds(),
            *self.front.left(),
        )

"""A model that answers every request alike is stopped, and named."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.job import Job
from trainer.sequences import take_last
from trainer.stall import CollapsedError
from transform import features as keys

_LIMIT = 0.95  # share of the answers that are alike
_FEWEST_LISTS = 3.0  # healthy trainings end with more than five, and mostly with dozens
_EPOCHS = 3  # a model may begin with what is popular
FEWEST_REQUESTS = 50  # fewer say too little
_ASKED = 1000  # more say no more


class CollapseGuard(tf.keras.callbacks.Callback):
    """Stops a training whose model answers requests alike that differ.

    It looks after each epoch and judges from the third on, or once the validation rows have stopped
    the training. All workers see the same answers, so all stop together.
    """

    def __init__(self, job: Job, name: str, alike: Callable[[], float | None], what: str) -> None:
        """Watches a training.

        Args:
            job: The job.
            name: What the history calls the share.
            alike: Share of the answers that are alike, once the epoch was measured; None where
                there is too little to judge by.
            what: What such an answer is, for the message.
        """
        super().__init__()
        self._supports_tf_logs = True
        self._trained = job.model
        self._name = name
        self._alike = alike
        self._what = what

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Adds the share to the history, and judges it.

        Raises:
            CollapsedError: It is too large.
        """
        alike = self._alike()
        if alike is None:
            return
        logs[self._name] = alike
        if not math.isfinite(logs["loss"]):
            return  # which the monitor names: it is no collapse that such answers are alike
        if alike > _LIMIT and (epoch + 1 >= _EPOCHS or self.model.stop_training):
            raise CollapsedError(
                f"Requests that differ must be answered differently. Received: after epoch "
                f"{epoch + 1} of the {self._trained}, {alike:.1%} of {self._what} (at most "
                f"{_LIMIT:.0%}): the model has collapsed. Lower learning_rate, give it a warm_up, "
                "or take a larger batch_size; a log with nothing personal in it is served as well "
                "by what is popular."
            )


class FewListsGuard(tf.keras.callbacks.Callback):
    """Refuses a training that makes no more progress, with a few lists for everybody.

    A model may begin so and find more: at thirty times the usual learning rate, MovieLens-100k had
    two for three epochs, and then seven; at a fifth of it, three for two epochs. So it is judged
    once the validation rows have stopped the training, and not while they see progress.
    """

    def __init__(self, job: Job, lists: Callable[[], float | None]) -> None:
        """Watches a training.

        Args:
            job: The job.
            lists: See `effective_lists`, once the epoch was measured; None where there is too
                little to judge by.
        """
        super().__init__()
        self._supports_tf_logs = True
        self._trained = job.model
        self._lists = lists

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Adds the number to the history, and judges it where the training was stopped.

        Raises:
            CollapsedError: It is too small.
        """
        lists = self._lists()
        if lists is None:
            return
        logs["effective_lists"] = lists
        few = lists < _FEWEST_LISTS and math.isfinite(logs["loss"])
        if few and self.model.stop_training:
            raise CollapsedError(
                f"Requests that differ must be answered differently. Received: after epoch "
                f"{epoch + 1} of the {self._trained}, without progress, the lists differ as much "
                f"as {lists:.1f} lists without a common item (at least {_FEWEST_LISTS:.0f}): the "
                "model has collapsed to a few. Lower learning_rate, give it a warm_up, or take a "
                "larger batch_size; a log with nothing personal in it is served as well by what "
                "is popular."
            )


class DistinctRequests:
    """Held-out requests whose histories differ, as many as a judgement takes.

    Those without a history are rightly answered alike, and so are those with the same one.
    """

    def __init__(self, rows: Sequence[dict[str, Any]], length: int) -> None:
        """Chooses among batches of rows by their last `length` events."""
        seen = {bytes(8 * length)}
        self._chosen = [_first_ones(row, length, seen) for row in rows]

    @property
    def enough(self) -> bool:
        """Whether there are enough to judge by."""
        return sum(map(len, self._chosen)) >= FEWEST_REQUESTS

    def of(self, batch: int) -> npt.NDArray[np.int64]:
        """Their places in a batch."""
        return self._chosen[batch]


def _first_ones(row: dict[str, Any], length: int, seen: set[bytes]) -> npt.NDArray[np.int64]:
    """Places of the rows whose histories were not seen before; they are from now on."""
    places = []
    for place, history in enumerate(take_last(row[keys.HISTORY_ITEM_ID], length).numpy()):
        if len(seen) <= _ASKED and history.tobytes() not in seen:
            seen.add(history.tobytes())
            places.append(place)
    return np.array(places, np.int64)


def concentration(shown: npt.NDArray[np.int64], k: int) -> float:
    """Share of the places of lists that the k items take which are shown most often.

    1 where every list shows the same items in whatever order, k / items where all appear as often.

    Args:
        shown: Items of each list, [N, k].
        k: Length of a list.
    """
    times = np.sort(np.unique(shown, return_counts=True)[1])[-k:]
    return float(times.sum() / shown.size)


def effective_lists(shown: npt.NDArray[np.int64]) -> float:
    """How many lists without a common item, each as often, would vary as much as these do.

    The exponential of the entropy of their items (Hill, Ecology 1973), over the length of a list: 1
    where every list shows the same items in whatever order.

    Args:
        shown: Items of each list, [N, k].
    """
    share = np.unique(shown, return_counts=True)[1] / shown.size
    return float(np.exp(-(share * np.log(share)).sum()) / shown.shape[1])

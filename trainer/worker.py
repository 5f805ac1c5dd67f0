"""A worker process of a training: `python -m trainer.worker JOB.json`, with TF_CONFIG set."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import tensorflow as tf

from trainer import stall
from trainer.distribution import PARENT_VARIABLE, THREADS_VARIABLE
from trainer.job import Job

_COLLECTIVE_TIMEOUT_SECONDS = 120.0


def main(arguments: list[str]) -> None:
    """Runs the job in the file named by the one argument."""
    parent = int(os.environ.get(PARENT_VARIABLE, os.getppid()))
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    threads = int(os.environ.get(THREADS_VARIABLE, "0"))
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    # First of all: the strategy refuses to start after any other operation. On GPUs NCCL is
    # chosen by itself; on CPUs the ring, with a limit, turns a hang into an error.
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:  # all of its memory is not ours alone: others may run on it
        tf.config.experimental.set_memory_growth(gpu, True)
    communication = tf.distribute.experimental.CommunicationOptions(
        timeout_seconds=_COLLECTIVE_TIMEOUT_SECONDS,
        implementation=tf.distribute.experimental.CommunicationImplementation.AUTO
        if gpus
        else tf.distribute.experimental.CommunicationImplementation.RING,
    )
    strategy = tf.distribute.MultiWorkerMirroredStrategy(communication_options=communication)
    job = Job.model_validate_json(Path(arguments[0]).read_text())
    tf.keras.utils.set_random_seed(job.seed)
    from trainer.fitting import discard_backups, is_chief

    if job.model == "retriever":
        from trainer.two_tower.training import train
    else:
        from trainer.ranker.training import train
    try:
        train(job, strategy)
    except stall.StalledError as stalled:
        stall.tell(stalled, job.run_dir)
        raise
    if is_chief(strategy):
        discard_backups(job)


def _end_with(parent: int) -> None:
    """Ends this process once its parent is gone, killed or not: nobody waits for the result."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])

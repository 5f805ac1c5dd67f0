"""What trains RecTools' models here: on processors, without files and without a word."""

from __future__ import annotations

from pytorch_lightning import Callback, Trainer


def quiet_trainer(passes: int, callback: Callback) -> Trainer:
    """A trainer for so many passes over the rows; -1 for as many as the callback lets it make."""
    return Trainer(
        max_epochs=passes,
        callbacks=[callback],
        limit_val_batches=0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        accelerator="cpu",
    )

"""What TFX's Evaluator of scores adds to TFMA (its `module_path`)."""

from __future__ import annotations

from trainer.metrics.kept_models import custom_eval_shared_model

__all__ = ["custom_eval_shared_model"]

"""Models that TFMA loads once a process.

Both Evaluators ask the candidate and the blessed model. To load one takes longer than to measure
it on some thousand rows. Both stay in memory until the process ends. Where Beam works in processes
of its own (`components.local_workers`), each of those loads them for itself.

No Evaluator's `module_path` names this module: TFX reloads that one each time.
"""

from __future__ import annotations

import functools
from typing import Any

import tensorflow as tf
from tensorflow_model_analysis.api.model_eval_lib import default_eval_shared_model
from tensorflow_model_analysis.api.types import EvalSharedModel, ModelLoader

_TAGS = [tf.saved_model.SERVING]


def custom_eval_shared_model(
    eval_saved_model_path: str, model_name: str, eval_config: Any, **others: Any
) -> EvalSharedModel:
    """TFMA's shared model, whose SavedModel is kept for the next who asks for it.

    Args:
        eval_saved_model_path: Folder of the SavedModel. It is an artifact: what lies there never
            changes.
        model_name: Its name in `eval_config`.
        eval_config: What is measured.
        others: Passed on.
    """
    return default_eval_shared_model(
        eval_saved_model_path=eval_saved_model_path,
        model_name=model_name,
        eval_config=eval_config,
        tags=_TAGS,
        custom_model_loader=ModelLoader(functools.partial(_kept, eval_saved_model_path), _TAGS),
        **others,
    )


@functools.lru_cache(maxsize=2)  # a candidate and the blessed model
def _kept(path: str) -> Any:
    # As TFMA does for models of type TF_GENERIC.
    return tf.compat.v1.saved_model.load_v2(path, tags=_TAGS)

"""A trained model on disk: a SavedModel, with what is needed to build the Keras model again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from trainer.vocabulary import Vocabulary
from transform.aggregates import Aggregate
from transform.features import Feature
from transform.settings import Frozen

DESCRIPTION_FILE = "assets.extra/model.json"
_BEFORE_REFRESH = "assets.extra/before_refresh/weights"


class Description(Frozen):
    """What the weights belong to: enough to build the same model again."""

    settings: dict[str, Any]
    features: tuple[Feature, ...]
    aggregates: tuple[Aggregate, ...]
    vocabulary: Vocabulary
    history_length: int


def save(
    model: tf.keras.Model,
    model_dir: str,
    description: Description,
    transform: tft.TFTransformOutput,
    outputs: Callable[[dict[str, Any]], dict[str, tf.Tensor]],
) -> None:
    """Writes the SavedModel of a training.

    Its `serving_default` takes serialized *transformed* rows: exactly what training saw, so that
    the served path can be held against it.

    Args:
        model: A model outside any strategy, with the trained weights.
        model_dir: Where to write.
        description: What it takes to build the model again; saved beside the weights.
        transform: The transform graph, for the rows' feature spec.
        outputs: Rows -> the signature's outputs.
    """
    spec = transform.transformed_feature_spec()
    module = tf.Module()
    # The variables alone: tracking the Keras model would trace every layer's call once more.
    module.model_variables = list(model.variables)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def serve(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return outputs(tf.io.parse_example(examples, spec))

    tf.saved_model.save(module, model_dir, signatures={"serving_default": serve})
    path = Path(model_dir) / DESCRIPTION_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(description.model_dump_json(indent=2))


def read_description(model_dir: str | Path) -> Description:
    """Reads the description of a saved model."""
    return Description.model_validate_json((Path(model_dir) / DESCRIPTION_FILE).read_text())


def save_before_refresh(model: tf.keras.Model, model_dir: str | Path) -> None:
    """Keeps, beside a saved model, weights that have not seen the validation rows."""
    path = Path(model_dir) / _BEFORE_REFRESH
    path.parent.mkdir(parents=True, exist_ok=True)
    _checkpoint(model).write(str(path))


def restore(model: tf.keras.Model, model_dir: str | Path, *, before_refresh: bool = False) -> None:
    """Loads the weights of a saved model into a built model of the same description.

    Args:
        model: The built model.
        model_dir: The saved one.
        before_refresh: Whether to take the weights that have not seen the validation rows. They
            are the only ones where nothing was refreshed.
    """
    path = Path(model_dir) / "variables" / "variables"
    if before_refresh and was_refreshed(model_dir):
        path = Path(model_dir) / _BEFORE_REFRESH
    _checkpoint(model).read(str(path)).assert_existing_objects_matched()


def was_refreshed(model_dir: str | Path) -> bool:
    """Whether a saved model has learned from the validation rows."""
    return (Path(model_dir) / _BEFORE_REFRESH).parent.is_dir()


def _checkpoint(model: tf.keras.Model) -> tf.train.Checkpoint:
    return tf.train.Checkpoint(model_variables=list(model.variables))

"""A trained model on disk: a SavedModel, with what is needed to build the Keras model again."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy.typing as npt
import tensorflow as tf
import tensorflow_transform as tft

from trainer.vocabulary import Vocabulary, read_terms
from trainer.weights import weight_names
from transform.aggregates import Aggregate
from transform.features import Feature
from transform.settings import Frozen

DESCRIPTION_FILE = "assets.extra/model.json"
# Of what is computed from the weights: another one makes other vectors of the same weights, so a
# model of an earlier one is not built again. 1: a history without events is one event of no item.
EDITION = 1
_BEFORE_REFRESH = "assets.extra/before_refresh/weights"
_VOCABULARIES = "assets.extra/vocabularies"


class Description(Frozen):
    """What the weights belong to: enough to build the same model again, or to go on from it.

    Attributes:
        settings: Of the model, as plain data.
        features: All declared features.
        aggregates: All declared aggregates.
        vocabulary: Rows of its tables.
        history_length: History events that it sees.
        protocol: How rows were held out of its training; None where an earlier release trained it.
        last_time: The latest time in its training rows, unix seconds.
        weights: Names of its weights, in the order in which they are saved.
        edition: The `EDITION` that trained it.
    """

    settings: dict[str, Any]
    features: tuple[Feature, ...]
    aggregates: tuple[Aggregate, ...]
    vocabulary: Vocabulary
    history_length: int
    protocol: Literal["time", "leave_one_out"] | None = None
    last_time: int = 0
    weights: tuple[str, ...] = ()
    edition: int = 0


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
        transform: The transform graph: the rows' feature spec, and the terms of the vocabularies.
        outputs: Rows -> the signature's outputs.
    """
    spec = transform.transformed_feature_spec()
    module = tf.Module()
    # The variables alone: tracking the Keras model would trace every layer's call once more.
    module.model_variables = list(model.variables)

    @tf.function(
        input_signature=[tf.TensorSpec([None], tf.string, name="examples")], autograph=False
    )
    def serve(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return outputs(tf.io.parse_example(examples, spec))

    tf.saved_model.save(module, model_dir, signatures={"serving_default": serve})
    path = Path(model_dir) / DESCRIPTION_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    saved = {"weights": tuple(weight_names(model)), "edition": EDITION}
    path.write_text(description.model_copy(update=saved).model_dump_json(indent=2))
    vocabularies = Path(model_dir) / _VOCABULARIES
    vocabularies.mkdir(exist_ok=True)
    for name, terms in read_terms(transform, description.features).items():
        (vocabularies / name).write_bytes(b"\n".join(terms))


def read_description(model_dir: str | Path) -> Description:
    """Reads the description of a saved model."""
    return Description.model_validate_json((Path(model_dir) / DESCRIPTION_FILE).read_text())


def save_before_refresh(model: tf.keras.Model, model_dir: str | Path) -> None:
    """Keeps, beside a saved model, weights that have not seen the validation rows."""
    path = Path(model_dir) / _BEFORE_REFRESH
    path.parent.mkdir(parents=True, exist_ok=True)
    _checkpoint(model).write(str(path))


def saved_terms(model_dir: str | Path, name: str) -> list[bytes]:
    """Terms of a vocabulary of a saved model; term i has row i + FIRST_ID of its tables."""
    return (Path(model_dir) / _VOCABULARIES / name).read_bytes().split(b"\n")


class SavedWeights:
    """The weights of a saved model by name, each read when it is asked for.

    They are those that have not seen the rows that validated the model.
    """

    def __init__(self, model_dir: str | Path) -> None:
        """Opens the weights of a saved model whose description names them."""
        self._reader = tf.train.load_checkpoint(str(_weights(model_dir, before_refresh=True)))
        self._place = {name: i for i, name in enumerate(read_description(model_dir).weights)}

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Name -> shape."""
        known = self._reader.get_variable_to_shape_map()
        return {name: tuple(known[self._key(name)]) for name in self._place}

    def read(self, name: str) -> npt.NDArray[Any]:
        """The values of a weight."""
        values: npt.NDArray[Any] = self._reader.get_tensor(self._key(name))
        return values

    def _key(self, name: str) -> str:
        return _key(self._place[name])


def restore(model: tf.keras.Model, model_dir: str | Path, *, before_refresh: bool = False) -> None:
    """Loads the weights of a saved model into a built model of the same description.

    Args:
        model: The built model.
        model_dir: The saved one.
        before_refresh: Whether to take the weights that have not seen the validation rows. They
            are the only ones where nothing was refreshed.
    """
    path = _weights(model_dir, before_refresh=before_refresh)
    _checkpoint(model).read(str(path)).assert_existing_objects_matched()


def saved_variables(
    model_dir: str | Path, *, before_refresh: bool = False
) -> Iterator[npt.NDArray[Any]]:
    """The values of a saved model's variables, in the order of `model.variables`.

    Args:
        model_dir: The saved model.
        before_refresh: See `restore`.
    """
    reader = tf.train.load_checkpoint(str(_weights(model_dir, before_refresh=before_refresh)))
    for place in itertools.count():
        if not reader.has_tensor(key := _key(place)):
            return
        yield reader.get_tensor(key)


def was_refreshed(model_dir: str | Path) -> bool:
    """Whether a saved model has learned from the validation rows."""
    return (Path(model_dir) / _BEFORE_REFRESH).parent.is_dir()


def _weights(model_dir: str | Path, *, before_refresh: bool) -> Path:
    if before_refresh and was_refreshed(model_dir):
        return Path(model_dir) / _BEFORE_REFRESH
    return Path(model_dir) / "variables" / "variables"


def _key(place: int) -> str:
    """The name that a checkpoint gives to the variable at a place of `_checkpoint`'s list."""
    return f"model_variables/{place}/.ATTRIBUTES/VARIABLE_VALUE"


def _checkpoint(model: tf.keras.Model) -> tf.train.Checkpoint:
    return tf.train.Checkpoint(model_variables=list(model.variables))

"""Names for the weights of a model that hold beyond the process that made it."""

from __future__ import annotations

import tensorflow as tf


def weight_names(model: tf.keras.Model) -> list[str]:
    """Names of the variables of a model, in their order.

    A name is the way to the variable along attributes: `item_tower/_ids/embeddings`. The names
    that Keras gives count layers over the whole process, so the same layer has another name in
    each model.
    """
    way = {id(model): ""}
    parts = [model]  # all of them stay alive, so that no two have the same id
    for part in parts:
        for name, child in tf.train.TrackableView.children(part).items():
            if id(child) not in way:
                way[id(child)] = f"{way[id(part)]}/{name}".removeprefix("/")
                parts.append(child)
    return [way[id(variable)] for variable in model.variables]

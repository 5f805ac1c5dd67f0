"""Both Evaluators ask the same models: each is loaded once, and no more than two are kept."""

import pytest
import tensorflow as tf
from apache_beam.internal import pickler
from tensorflow_model_analysis.proto import config_pb2
from tfx.utils.import_utils import import_func_from_module

from trainer.metrics import kept_models

CONFIG = config_pb2.EvalConfig(
    model_specs=[
        config_pb2.ModelSpec(name="candidate", signature_name="answer"),
        config_pb2.ModelSpec(name="blessed", signature_name="answer", is_baseline=True),
    ]
)


@pytest.fixture
def save(tmp_path):
    """Writes a model that answers with a number."""

    def write(number):
        module = tf.Module()

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "examples")])
        def answer(examples):
            return {"score": tf.fill(tf.shape(examples), number)}

        folder = str(tmp_path / f"{number}")
        tf.saved_model.save(module, folder, signatures={"answer": answer})
        return folder

    kept_models._kept.cache_clear()
    yield write
    kept_models._kept.cache_clear()


def shared(folder, name="candidate", module="trainer.metrics.score_models"):
    """As TFX's Evaluator makes it, which reloads the module."""
    made = import_func_from_module(module, "custom_eval_shared_model")
    return made(
        eval_saved_model_path=folder,
        model_name=name,
        eval_config=CONFIG,
        add_metrics_callbacks=None,
    )


def answer(model):
    answered = model.model_loader.load().signatures["answer"](examples=tf.constant([b""]))
    return answered["score"].numpy().tolist()


def test_both_evaluators_share_what_one_has_loaded(save):
    folder = save(1.0)
    scores, lists = shared(folder), shared(folder, module="trainer.metrics.list_extractors")
    loaded = scores.model_loader.load()
    assert lists.model_loader.load() is loaded
    assert shared(folder).model_loader.load() is loaded


def test_beam_can_take_it_to_its_workers(save):
    candidate, blessed = shared(save(1.0)), shared(save(2.0), "blessed")
    for model in (candidate, blessed):
        construct = pickler.loads(pickler.dumps(model.model_loader.construct_fn))
        assert construct() is model.model_loader.load()


def test_the_candidate_is_not_taken_for_the_blessed_model(save):
    candidate, blessed = shared(save(1.0)), shared(save(2.0), "blessed")
    assert (candidate.is_baseline, blessed.is_baseline) == (False, True)
    assert (answer(candidate), answer(blessed)) == ([1.0], [2.0])


def test_no_more_than_two_are_kept(save):
    folders = [save(float(number)) for number in range(3)]
    first = shared(folders[0]).model_loader.load()
    for folder in folders[1:]:
        shared(folder).model_loader.load()
    assert kept_models._kept.cache_info().currsize == 2
    assert shared(folders[0]).model_loader.load() is not first

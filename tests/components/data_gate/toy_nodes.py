"""Stand-ins for what follows DataGate: a model of the data, and a verdict that blesses it.

TFX reads the annotations of these functions, so they may not be postponed.
"""

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact
from tfx.dsl.component.experimental.decorators import component
from tfx.types.standard_artifacts import Model, ModelBlessing, Schema


@component
def Toy(schema: InputArtifact[Schema], model: OutputArtifact[Model]):
    assert schema.uri
    assert model.uri


@component
def Verdict(model: InputArtifact[Model], blessing: OutputArtifact[ModelBlessing]):
    blessing.set_int_custom_property("current_model_id", model.id)
    blessing.set_int_custom_property("blessed", 1)

"""TFT over written examples: analysis with and without the analyser cache, and the transform.

`python -m benchmarks.data.tft_side SETTINGS WORK SAID EXAMPLES SPANS`, in a fresh process, with the
preprocessing function, its configuration, the splits and the Beam arguments of the pipeline's own
Transform node. The training rows are dealt out to spans, of which the last is the newest one.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam
import tensorflow_transform.beam as tft_beam
from apache_beam.options.pipeline_options import PipelineOptions
from google.protobuf import json_format
from tensorflow_transform.beam import analyzer_cache
from tfx.components import Transform
from tfx.proto import transform_pb2
from tfx_bsl.coders.example_coder import RecordBatchToExamplesEncoder
from tfx_bsl.public import tfxio

from benchmarks.said import report
from pipeline.dag import create_pipeline
from pipeline.loading import load_settings
from transform.preprocessing import preprocessing_fn
from transform.schema import build_schema


def main() -> None:
    """Measures all three."""
    settings, work, said, examples = map(Path, sys.argv[1:5])
    spans = int(sys.argv[5])
    shutil.rmtree(work, ignore_errors=True)
    side = _Side.of(settings, examples, work, spans)
    cold = _seconds(lambda: side.analyse([]))
    older = side.keys[:-1]
    cached = _seconds(lambda: side.analyse(older))
    transformed = _seconds(side.transform)
    report(said, analyse=cold, analyse_cached=cached, transform=transformed)


def _seconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@dataclass(frozen=True)
class _Side:
    """The Transform node, taken apart.

    Attributes:
        splits: Which splits are analysed and which are transformed.
        config: The node's `custom_config`.
        arguments: Beam's.
        schema: Schema of the raw rows.
        examples: Where the split folders lie.
        work: Folder for the cache, the graph and the transformed rows.
        spans: Number of spans.
    """

    splits: transform_pb2.SplitsConfig
    config: dict[str, Any]
    arguments: list[str]
    schema: Any
    examples: Path
    work: Path
    spans: int

    @classmethod
    def of(cls, settings_file: Path, examples: Path, work: Path, spans: int) -> _Side:
        settings = load_settings(settings_file)
        story = create_pipeline(settings)
        (node,) = (part for part in story.components if isinstance(part, Transform))
        return cls(
            json_format.Parse(node.exec_properties["splits_config"], transform_pb2.SplitsConfig()),
            json.loads(node.exec_properties["custom_config"]),
            list(story.beam_pipeline_args),
            build_schema(settings.features, {}, settings.aggregates),
            examples,
            work,
            spans,
        )

    @property
    def keys(self) -> list[analyzer_cache.DatasetKey]:
        return [analyzer_cache.DatasetKey(f"span-{number}") for number in range(self.spans)]

    def analyse(self, cached: list[analyzer_cache.DatasetKey]) -> None:
        """Analyses all spans; those in `cached` are read from the cache alone."""
        cache, graph = str(self.work / "cache"), self.work / "graph"
        shutil.rmtree(graph, ignore_errors=True)
        with self._pipeline() as pipeline, tft_beam.Context(str(self.work / "tmp")):
            known = pipeline | analyzer_cache.ReadAnalysisCacheFromFS(cache, cached)
            spans = {
                key: None if key in cached else self._span(pipeline, number)
                for number, key in enumerate(self.keys)
            }
            transform_fn, new_cache = (
                spans,
                known,
                self._source([]).TensorAdapterConfig(),
            ) | tft_beam.AnalyzeDatasetWithCache(self._preprocess)
            if not cached:
                _ = new_cache | analyzer_cache.WriteAnalysisCacheToFS(pipeline, cache)
            _ = transform_fn | tft_beam.WriteTransformFn(str(graph))

    def transform(self) -> None:
        """Transforms and writes every split."""
        with self._pipeline() as pipeline, tft_beam.Context(str(self.work / "tmp")):
            transform_fn = pipeline | tft_beam.ReadTransformFn(str(self.work / "graph"))
            for split in self.splits.transform:
                source = self._source(self._files([split]))
                batches = pipeline | f"Read-{split}" >> source.BeamSource()
                data = (batches, source.TensorAdapterConfig()), transform_fn
                transformed, metadata = data | f"Transform-{split}" >> tft_beam.TransformDataset(
                    output_record_batches=True
                )
                _ = (
                    transformed
                    | f"Encode-{split}" >> beam.ParDo(_Encode(metadata.schema))
                    | f"Write-{split}"
                    >> beam.io.WriteToTFRecord(
                        str(self.work / "transformed" / split / "rows"), file_name_suffix=".gz"
                    )
                )

    def _preprocess(self, inputs: dict[str, Any]) -> dict[str, Any]:
        return preprocessing_fn(inputs, self.config)

    def _pipeline(self) -> beam.Pipeline:
        return beam.Pipeline(options=PipelineOptions(self.arguments))

    def _span(self, pipeline: beam.Pipeline, number: int) -> Any:
        files = self._files(self.splits.analyze)[number :: self.spans]
        return pipeline | f"Read-{number}" >> self._source(files).BeamSource()

    def _source(self, files: list[str]) -> tfxio.TFExampleRecord:
        return tfxio.TFExampleRecord(
            file_pattern=files or ["none"],
            schema=self.schema,
            telemetry_descriptors=["benchmark"],
        )

    def _files(self, splits: Any) -> list[str]:
        folders = (self.examples / f"Split-{split}" for split in splits)
        return [str(file) for folder in folders for file in sorted(folder.iterdir())]


class _Encode(beam.DoFn):
    """Transformed batches -> serialized rows."""

    def __init__(self, schema: Any) -> None:
        super().__init__()
        self._schema = schema
        self._coder: Any = None

    def setup(self) -> None:
        self._coder = RecordBatchToExamplesEncoder(self._schema)

    def process(self, batch: tuple[Any, dict[str, Any]]) -> Iterator[bytes]:
        yield from self._coder.encode(batch[0])


if __name__ == "__main__":
    main()

"""The schema of the raw examples."""

import math

import pytest
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from transform.aggregates import Aggregate
from transform.features import Feature
from transform.schema import build_schema, required_keys

FEATURES = (
    Feature(name="age", side="query", kind="number"),
    Feature(name="city", side="query", kind="category"),
    Feature(name="device", side="context", kind="category"),
    Feature(name="genres", side="candidate", kind="category", separator="|"),
    Feature(name="released", side="candidate", kind="time"),
)

AGGREGATES = (
    Aggregate(name="views", of="user", count="view", window="7d"),
    Aggregate(name="genre_views", of="user_category", by="genres", count="view", window="7d"),
    Aggregate(name="item_views", of="item", count="view", window="7d"),
    Aggregate(name="shop_views", of="all", count="view", window="7d"),
)


def statistics(**columns):
    """Statistics of string columns: name -> (number of different values, the values listed)."""
    dataset = statistics_pb2.DatasetFeatureStatistics(num_examples=10)
    for name, (unique, values) in columns.items():
        feature = dataset.features.add()
        feature.path.step.append(name)
        feature.string_stats.unique = unique
        for value in values:
            feature.string_stats.rank_histogram.buckets.add(label=value)
    return dataset


def feature_of(schema, name):
    return next(feature for feature in schema.feature if feature.name == name)


def tensor(schema, name):
    return schema.tensor_representation_group[""].tensor_representation[name]


def test_every_key_of_every_split_is_declared():
    names = {feature.name for feature in build_schema(FEATURES, {}, AGGREGATES).feature}
    for split in ("train", "ranking", "validation", "eval", "catalogue"):
        assert set(required_keys(split, FEATURES, AGGREGATES)) <= names
    assert {"age", "released"} <= names


@pytest.mark.parametrize(
    ("name", "kind", "default"),
    [
        ("user_id", schema_pb2.BYTES, ("bytes_value", b"")),
        ("request_time", schema_pb2.INT, ("int_value", 0)),
        ("city", schema_pb2.BYTES, ("bytes_value", b"")),
        ("genres", schema_pb2.BYTES, ("bytes_value", b"")),
        ("released", schema_pb2.INT, ("int_value", 0)),
    ],
)
def test_scalars_are_dense_with_a_default(name, kind, default):
    schema = build_schema(FEATURES, {})
    assert feature_of(schema, name).type == kind
    dense = tensor(schema, name).dense_tensor
    assert len(dense.shape.dim) == 0
    assert (dense.default_value.WhichOneof("kind"), getattr(dense.default_value, default[0])) == (
        default
    )


def test_a_missing_number_reads_as_nan():
    assert math.isnan(
        tensor(build_schema(FEATURES, {}), "age").dense_tensor.default_value.float_value
    )


@pytest.mark.parametrize("name", ["history_item_id", "history_time", "candidate_item_id", "label"])
def test_lists_are_ragged(name):
    representation = tensor(build_schema(FEATURES, {}), name)
    assert representation.ragged_tensor.feature_path.step == [name]


def test_a_small_category_gets_the_domain_of_the_training_rows():
    seen = {"train": statistics(city=(2, ["Wien", "Linz"]))}
    city = feature_of(build_schema(FEATURES, seen), "city")
    assert list(city.string_domain.value) == ["", "Linz", "Wien"]
    assert city.distribution_constraints.min_domain_mass == pytest.approx(0.9)


@pytest.mark.parametrize(
    "seen",
    [
        {"eval": statistics(city=(2, ["Wien", "Linz"]))},  # no row that models learn from
        {"train": statistics(city=(101, ["Wien"]))},  # too many values to list
        {"train": statistics(user_id=(2, ["u", "v"]))},  # no category
        {"catalogue": statistics(genres=(2, ["a|b", "b"]))},  # several values in one
    ],
)
def test_other_columns_get_no_domain(seen):
    schema = build_schema(FEATURES, seen)
    for name in ("city", "user_id", "genres"):
        assert not feature_of(schema, name).HasField("string_domain")


def test_labels_and_probabilities_lie_between_zero_and_one():
    for name in ("label", "candidate_probability"):
        domain = feature_of(build_schema((), {}), name).float_domain
        assert (domain.min, domain.max, domain.disallow_nan) == (0.0, 1.0, True)


def test_required_keys_by_kind_of_row():
    train = required_keys("train", FEATURES)
    assert {"user_id", "history_item_id", "request_time", "city", "device"} <= set(train)
    assert not {"candidate_item_id", "target_item_id", "age", "genres"} & set(train)
    assert {"candidate_item_id", "label"} <= set(required_keys("ranking", FEATURES))
    assert "target_item_id" not in required_keys("ranking", FEATURES)
    assert {"target_item_id", "user_rung"} <= set(required_keys("eval", FEATURES))
    assert set(required_keys("catalogue", FEATURES)) == {"item_id", "item_count", "genres"}


def test_aggregates_of_users_are_numbers_and_those_of_candidates_lists():
    schema = build_schema(FEATURES, {}, AGGREGATES)
    for name in ("views", "shop_views"):
        assert math.isnan(tensor(schema, name).dense_tensor.default_value.float_value)
    lists = {"genre_views": schema_pb2.FLOAT, "item_views": schema_pb2.FLOAT}
    lists |= {"genre_views_key": schema_pb2.BYTES, "genre_views_value": schema_pb2.FLOAT}
    for name, kind in lists.items():
        assert feature_of(schema, name).type == kind
        assert tensor(schema, name).HasField("ragged_tensor")


def test_a_label_of_its_own_is_a_probability():
    domain = feature_of(build_schema((), {}, labels=["buy"]), "label_buy").float_domain
    assert (domain.min, domain.max, domain.disallow_nan) == (0.0, 1.0, True)


def test_aggregates_are_required_where_they_are_written():
    def required(split):
        return set(required_keys(split, FEATURES, AGGREGATES)) - set(required_keys(split, FEATURES))

    assert required("train") == set()
    assert required("ranking") == {"views", "genre_views", "item_views", "shop_views"}
    assert required("catalogue") == {"item_views"}

"""Joining and splitting arrays."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from serving.model_server.joining import join, split


@given(
    st.lists(
        hnp.arrays(
            st.sampled_from([np.float32, np.int64]),
            hnp.array_shapes(min_dims=2, max_dims=3, min_side=0, max_side=4),
            elements=st.integers(-5, 5),
        ).filter(len),
        min_size=1,
        max_size=4,
    ),
    st.integers(0, 3),
)
def test_what_is_joined_is_found_again_with_nothing_but_padding_added(parts, further):
    rank, dtype = parts[0].ndim, parts[0].dtype
    parts = [part.astype(dtype) for part in parts if part.ndim == rank]
    (joined,) = join([[part] for part in parts], further)
    sizes = [len(part) for part in parts]
    assert joined.dtype == dtype
    assert len(joined) == sum(sizes) + further
    assert joined.shape[1:] == tuple(np.max([part.shape[1:] for part in parts], axis=0))
    for part, piece in zip(parts, split({"x": joined}, sizes), strict=True):
        own = piece["x"][(slice(None), *map(slice, part.shape[1:]))]
        np.testing.assert_array_equal(own, part)
        assert np.count_nonzero(piece["x"]) == np.count_nonzero(part)


def test_strings_are_padded_with_the_empty_string_and_scalars_kept():
    short, long = (np.array([[b"a"] * n], dtype=object) for n in (1, 3))
    k = np.array(5)
    texts, scalar = join([[short, k], [long, k]], further_rows=1)
    assert texts.tolist() == [[b"a", b"", b""], [b"a"] * 3, [b"a", b"", b""]]
    assert scalar is k


def test_one_request_alone_is_not_copied():
    array = np.zeros((2, 3))
    assert join([[array]])[0] is array

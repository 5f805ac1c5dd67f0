"""How the id of a person looks in bytes, and in values."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass

from transform.features import USER_ID

# Shorter ids, above all numbers, are found in any file by chance.
TELLING_BYTES = 6
_WORD = rb"[0-9A-Za-z_-]"
_STRING_VAL = 8  # of a TensorProto


@dataclass(frozen=True)
class Person:
    """Who is looked for.

    Attributes:
        user_id: The id.
        columns: Names of columns that hold ids of users.
    """

    user_id: str
    columns: frozenset[str] = frozenset({USER_ID})

    @property
    def is_telling(self) -> bool:
        """Whether the id alone says that the person is meant, wherever it is found."""
        return len(self.user_id.encode()) >= TELLING_BYTES

    def is_in(self, data: bytes) -> bool:
        """Whether bytes name the person.

        Always as the user of a tf.Example, of a request to the model server, and of a JSON object.
        A telling id also as a string of any protocol buffer, and as a word of a text: `user-1` is
        not in `user-10`.
        """
        if self._as_feature in data or self._is_input_of(data) or self._as_json.search(data):
            return True
        return self.is_telling and self._anywhere.search(data) is not None

    def _is_input_of(self, data: bytes) -> bool:
        """Whether the tensor `user_id` of a PredictRequest holds the id, in any of its rows."""
        value = _field(_STRING_VAL, self.user_id.encode())
        tensors = (_prefixed(data, found.end()) for found in _INPUT.finditer(data))
        return any(value in tensor for tensor in tensors)

    @functools.cached_property
    def _as_feature(self) -> bytes:
        value = _field(1, _field(1, self.user_id.encode()))
        return _field(1, USER_ID.encode()) + _field(2, value)

    @functools.cached_property
    def _as_json(self) -> re.Pattern[bytes]:
        value = re.escape(json.dumps(self.user_id)[1:-1].encode())
        key = re.escape(USER_ID.encode())
        return re.compile(rb'"%b"\s*:\s*(?:"%b"|%b(?!%b))' % (key, value, value, _WORD))

    @functools.cached_property
    def _anywhere(self) -> re.Pattern[bytes]:
        plain, escaped = self.user_id.encode(), json.dumps(self.user_id)[1:-1].encode()
        words = b"|".join(re.escape(one) for one in {plain, escaped})
        as_word = rb"(?<!%b)(?:%b)(?!%b)" % (_WORD, words, _WORD)
        as_string = re.escape(_length(len(plain)) + plain)
        return re.compile(as_word + b"|" + as_string)


def _field(number: int, value: bytes) -> bytes:
    """A field of a protocol buffer that holds bytes."""
    return bytes([number << 3 | 2]) + _length(len(value)) + value


def _prefixed(data: bytes, begin: int) -> bytes:
    """What lies behind its own length, a varint; less where the data end before."""
    length = shift = 0
    while begin < len(data):
        byte = data[begin]
        length |= (byte & 0x7F) << shift
        begin, shift = begin + 1, shift + 7
        if byte <= 0x7F:
            break
    return data[begin : begin + length]


def _length(number: int) -> bytes:
    """A number as a varint."""
    parts = []
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])


# An entry of the map `inputs` of a PredictRequest, up to the length of its TensorProto.
_INPUT = re.compile(re.escape(_field(1, USER_ID.encode())) + rb"\x12")

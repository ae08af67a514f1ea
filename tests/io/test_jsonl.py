"""JSON Lines: exact text, and lines that are no records."""

import io
import json
from unittest.mock import Mock

import numpy as np
import pytest

from mprna.errors import FormatError
from mprna.io.jsonl import read_jsonl, write_jsonl
from mprna.io.records import Record


def read(text):
    return list(read_jsonl(io.BytesIO(text.encode())))


def text_of(records):
    stream = io.StringIO()
    write_jsonl(records, stream)
    return stream.getvalue()


def test_text_is_one_object_per_line():
    record = Record(
        name="a",
        sequence="GAAAC",
        dot_bracket="(...)",
        energy=-1.2000000477,
        confidence=0.98765,
        expected_f1=0.33333,
        engine="vienna",
        template="x",
    )
    failed = Record(name="é", description="x", sequence="", error="empty sequence")
    assert text_of([record, failed]) == (
        '{"name": "a", "sequence": "GAAAC", "dot_bracket": "(...)", "energy": -1.2, "confidence": 0.9877, '
        '"expected_f1": 0.3333, "engine": "vienna", "template": "x", "error": null}\n'
        '{"name": "é", "description": "x", "sequence": "", "dot_bracket": null, "energy": null, '
        '"confidence": null, "expected_f1": null, "engine": null, "template": null, '
        '"error": "empty sequence"}\n'
    )


def test_pair_probabilities_are_sparse_and_come_back():
    probs = np.zeros((5, 5), dtype=np.float32)
    probs[0, 4] = probs[4, 0] = 0.75
    probs[1, 3] = probs[3, 1] = 9e-6
    text = text_of([Record(name="a", sequence="GAAAC", base_pair_probs=probs)])
    assert json.loads(text)["base_pair_probs"] == [[0, 4, 0.75]]
    (record,) = read(text)
    np.testing.assert_allclose(record.base_pair_probs, probs, atol=1e-5)
    assert record.base_pair_probs.dtype == np.float32


def test_foreign_objects_need_only_a_sequence():
    assert read('{"sequence": "AC GU", "label": 3}\n\n{"name": "", "sequence": ""}\n') == [
        Record(name="sequence_1", sequence="ACGU"),
        Record(name="sequence_2", sequence=""),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "no JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1))"),
        ("ACGU", "no JSON (Expecting value: line 1 column 1 (char 0))"),
        ("[1, 2]", "expected a JSON object, found '[1, 2]'"),
        ('{"name": "a"}', "no 'sequence' in this record"),
        ('{"sequence": 5}', "'sequence' is 5, expected text"),
        ('{"sequence": "A", "energy": "low"}', "'energy' is 'low', expected a number"),
        ('{"sequence": "A", "energy": true}', "'energy' is True, expected a number"),
        ('{"sequence": "A", "dot_bracket": ".."}', "structure of 2 symbols for a sequence of 1 nt"),
        ('{"sequence": "A", "dot_bracket": "("}', "'(' at position 1 is never closed"),
    ],
)
def test_bad_lines_are_told(line, message):
    with pytest.raises(FormatError) as error:
        read('{"sequence": "ACGU"}\n' + line + "\n")
    assert str(error.value) == f"<stream>:2: {message}"


@pytest.mark.parametrize(
    "probs", ["[[0, 9, 0.5]]", "[[4, 0, 0.5]]", "[[0, 4]]", "[3]", "7", '[[0, 4, "x"]]', '[["a", 4, 1]]']
)
def test_bad_pair_probabilities_are_told(probs):
    with pytest.raises(FormatError) as error:
        read(f'{{"sequence": "GAAAC", "base_pair_probs": {probs}}}\n')
    message = "'base_pair_probs' is no list of [i, j, probability] with 0 <= i < j < 5"
    assert str(error.value) == f"<stream>:1: {message} and probabilities from 0 to 1"


def test_what_no_text_file_may_hold_becomes_replacement_characters():
    (record,) = read('{"name": "a\\ud800\\u0000", "sequence": "AC\\udc00"}\n')
    assert (record.name, record.sequence) == ("a\ufffd\ufffd", "AC\ufffd")


@pytest.mark.parametrize("number", ["1e999", "-1e999", "1" + "0" * 400, "true"])
def test_numbers_that_are_none_are_an_error(number):
    with pytest.raises(FormatError, match=r"<stream>:1: 'energy' is .*, expected a number"):
        read(f'{{"sequence": "ACGU", "energy": {number}}}\n')


def test_nan_is_unknown():
    (record,) = read('{"sequence": "ACGU", "energy": NaN, "confidence": NaN}\n')
    assert (record.energy, record.confidence) == (None, None)


@pytest.mark.parametrize("probability", ["NaN", "-0.1", "1.5", "1e999"])
def test_a_probability_is_from_0_to_1(probability):
    with pytest.raises(FormatError, match="probabilities from 0 to 1"):
        read(f'{{"sequence": "GAAAC", "base_pair_probs": [[0, 4, {probability}]]}}\n')


@pytest.mark.parametrize("reactivity", ["1e999", "1" + "0" * 400])
def test_a_reactivity_is_finite(reactivity):
    with pytest.raises(FormatError, match="'reactivities' are no list of numbers"):
        read(f'{{"sequence": "ACGU", "reactivities": [0, 1, {reactivity}, null]}}\n')


def test_a_table_that_fits_no_memory_is_an_error(monkeypatch):
    monkeypatch.setattr("mprna.io.rows.np.zeros", Mock(side_effect=MemoryError))
    with pytest.raises(FormatError, match="no memory for the pair probabilities of 4 nt"):
        read('{"sequence": "ACGU", "base_pair_probs": []}\n')


@pytest.mark.parametrize(("given", "name"), [("", "sequence_1"), (" ", "sequence_1"), (" a  b\\t", "a b")])
def test_a_name_has_single_blanks_and_something_else(given, name):
    (record,) = read(f'{{"name": "{given}", "sequence": "ACGU"}}\n')
    assert record.name == name

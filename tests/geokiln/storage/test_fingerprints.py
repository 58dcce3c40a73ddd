import pytest

from geokiln.storage.fingerprints import fingerprint


def test_a_fingerprint_is_that_of_a_text_in_every_process_and_release():
    result = fingerprint({"b": [1, {"y": None, "x": "1"}], "a": 0.1})

    # printf '{"a":0.1,"b":[1,{"x":"1","y":null}]}' | b2sum -l 128
    assert result == "045e98f2fcc09bb2b3d221a0c2d2e1a7"


def test_a_number_that_json_lacks_is_refused():
    with pytest.raises(ValueError, match="JSON"):
        fingerprint({"a": [float("nan")]})

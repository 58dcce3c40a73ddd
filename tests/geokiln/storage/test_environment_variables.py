import pytest

from geokiln.storage.environment_variables import variables_asked_for


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import os; os.environ['QUALITY']", ["QUALITY"]),
        ("from os import environ as e, environ; environ.get('QUALITY', 1)", ["QUALITY"]),
        ("from os import getenv; getenv('QUALITY')", ["QUALITY"]),
        ("import os\ndef f(): return os.getenv('QUALITY') if 'SITE' in os.environ else 0", ["QUALITY", "SITE"]),
        ("import os; os.environ['QUALITY'] = '1'", []),
        ("import os; os.getenv('UNSET'), os.environ['OMP_NUM_THREADS'], os.environ['PATH']", []),
        ("import os; dict(os.environ); os.environ['QUAL' + 'ITY']; f('QUALITY')", []),
        ("def environ(:", []),
    ],
    ids=str,
)
def test_variables_that_are_asked_for_by_name_and_set_are_found_but_for_the_machines(text, found, write, monkeypatch):
    for name in ("QUALITY", "SITE", "OMP_NUM_THREADS"):
        monkeypatch.setenv(name, "1")

    assert variables_asked_for([write("main.py", text), write("data.txt", "os.environ['QUALITY']")]) == found

import os
from pathlib import Path

import pytest

from geokiln.user_code import output


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("a bend of 30°\n".encode(), "a bend of 30°\n"),
        (b"30\xb0 in Latin-1, a zero \0\n", "30\\xb0 in Latin-1, a zero \\x00\n"),
        (
            b"a" * 80 + b"b" * 26 + b"\nend",
            "a" * 10 + "\n[70 bytes are left out here; {log}.all has all]\n" + "b" * 26 + "\nend",
        ),
    ],
    ids=["a text", "no text", "too long"],
)
def test_a_log_that_cannot_be_shown_becomes_one_that_can(printed, shown, monkeypatch):
    monkeypatch.setattr(output, "LONGEST", 40)
    monkeypatch.setattr(output, "END", 30)
    log = Path("log.txt").absolute()
    with open(log, "wb") as file:
        file.write(printed)
        file.flush()

        output.mend_log(file.fileno())
        os.write(file.fileno(), b"more")

    assert log.read_text() == shown.format(log=log) + "more"
    assert log.with_name("log.txt.all").exists() == (len(printed) > 40)

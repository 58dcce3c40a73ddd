"""What is told about a job that did not succeed."""

import pytest
from snakemake_executor_plugin_hqueue.outcomes import failure

CANCELLED = "was cancelled there: by somebody (HQueue does not tell whom)"


@pytest.mark.parametrize(
    ("output", "status", "minutes", "characters", "expected"),
    [
        ("a\nb\n", "failed", 0, 9, "ended as 'failed'. The end of its output:\na\nb\n"),
        ("123456", "failed", 0, 4, "ended as 'failed'. The end of its output:\n3456\n"),
        ("123456", "failed", 0, 0, "ended as 'failed'.\n"),
        ("", "cancelled", 0, 9, f"{CANCELLED}.\n"),
        ("", "cancelled", 9, 9, f"{CANCELLED}, or it took longer than its 9 min.\n"),
        ("text", "abandoned", 0, 9, "its machine (node1) went silent; it is cancelled there, so that it does not come"),
        ("text", None, 0, 9, "is gone: it was deleted there before its end was seen.\n"),
    ],
)
def test_a_failure_is_told_with_the_end_of_the_output(farm, server, output, status, minutes, characters, expected):
    farm.jobs[7] = {"output": output, "clients": [1]}

    message = failure(server, 7, status, minutes, characters)

    assert message.startswith(f"HQueue job 7 on {farm.url} ")
    assert expected in message


def test_what_the_server_does_not_tell_is_left_out(farm, server):
    farm.drop = 2

    message = failure(server, 7, "abandoned", 0, 9)

    assert "its machine (not known) went silent" in message
    assert "output" not in message

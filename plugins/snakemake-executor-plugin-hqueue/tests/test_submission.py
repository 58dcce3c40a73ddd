"""Submission: one job for each specification, whatever becomes of the answers."""

import threading

import pytest
from snakemake_executor_plugin_hqueue import submission
from snakemake_executor_plugin_hqueue.submission import GaveUp, Patience, Submitter


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(submission, "FIRST_PAUSE", 0.05)


@pytest.fixture
def warnings():
    return []


@pytest.fixture
def submitter(server, warnings):
    return Submitter(server, Patience(server.url, 5, warnings.append))


def make_jobs(number):
    return {f"tag{i}": {"name": f"job{i}", "tags": ["user", f"tag{i}"]} for i in range(number)}


def test_many_jobs_take_few_calls(farm, submitter):
    outcome = submitter.submit(make_jobs(250))

    assert farm.calls == ["newjob"] * 3
    assert list(outcome.values()) == list(range(1, 251))
    assert submitter.all_open() == list(range(1, 251))


def test_a_lost_answer_makes_no_second_job(farm, submitter, warnings):
    farm.drop = 1

    outcome = submitter.submit(make_jobs(3))

    assert outcome == {"tag0": 1, "tag1": 2, "tag2": 3}
    assert farm.calls.count("newjob") == 1
    assert "does not answer" in warnings[0] and "answers again" in warnings[1] and len(warnings) == 2


@pytest.mark.parametrize("trouble", [{"slow": 0.5}, {"drop": 1, "status": "succeeded"}], ids=["late", "ended before"])
def test_a_job_whose_answer_was_late_or_that_has_ended_already_is_found(farm, server, submitter, trouble):
    server.timeout = 0.3
    vars(farm).update(trouble)

    assert submitter.submit(make_jobs(1)) == {"tag0": 1}
    assert farm.calls.count("newjob") == 1


def test_jobs_that_never_arrived_are_submitted_again(farm, submitter):
    execute = farm.on_newjob

    def lost(specifications):
        farm.on_newjob, farm.drop = execute, 1

    farm.on_newjob = lost

    assert submitter.submit(make_jobs(2)) == {"tag0": 1, "tag1": 2}
    assert farm.calls.count("newjob") == 2


def test_one_refused_job_does_not_hold_back_the_others(farm, submitter):
    farm.refused = "job1"

    outcome = submitter.submit(make_jobs(3))

    assert outcome["tag1"] == "The HQueue server refused the job: bad job."
    assert {outcome["tag0"], outcome["tag2"]} == {1, 2} == set(farm.jobs)


def test_patience_ends(farm, server, warnings):
    submitter = Submitter(server, Patience(server.url, 0.3, warnings.append))
    farm.drop = 99

    with pytest.raises(GaveUp, match="has not answered for 0 s .*the same command takes them up again"):
        submitter.submit(make_jobs(1))

    assert len(warnings) == 1


def test_stopping_ends_the_wait_and_finds_what_was_not_answered(farm, server, warnings):
    submitter = Submitter(server, Patience(server.url, 60, warnings.append))
    farm.drop = 4  # the submission, and the search for it
    thread = threading.Thread(target=submitter.submit, args=[make_jobs(2)])
    thread.start()
    while not warnings:
        thread.join(0.01)
    farm.drop = 0

    assert submitter.all_open() == [1, 2]
    thread.join(5)
    assert not thread.is_alive()
    assert farm.calls.count("newjob") == 1

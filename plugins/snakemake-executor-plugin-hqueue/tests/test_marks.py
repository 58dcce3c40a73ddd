"""Tags: which jobs count as the same."""

from types import SimpleNamespace

import pytest
from snakemake_executor_plugin_hqueue.marks import Marks, how, what


def make_rule(**changes):
    return SimpleNamespace(**{"run_func_src": None, "wrapper": None, "script": None, "notebook": None} | changes)


def make_job(**changes):
    fields = {
        "name": "cook",
        "shellcmd": "cook 1",
        "params": {"seed": 1},
        "input": [],
        "output": ["out.txt"],
        "rule": make_rule(),
        "is_group": lambda: False,
    }
    return SimpleNamespace(**fields | changes)


@pytest.mark.parametrize("changes", [{"name": "bake"}, {"output": ["other.txt"]}])
def test_another_output_is_another_job(changes):
    assert what(make_job(**changes)) != what(make_job()) == what(make_job())


@pytest.mark.parametrize(
    "changes",
    [{"shellcmd": "cook 2"}, {"params": {"seed": 2}}, {"input": ["in.txt"]}, {"rule": make_rule(run_func_src="x")}],
)
def test_other_work_is_the_same_job_done_otherwise(changes):
    assert what(make_job(**changes)) == what(make_job())
    assert how(make_job(**changes)) != how(make_job()) == how(make_job())


def test_a_changed_input_or_script_changes_the_work(tmp_path):
    path = tmp_path / "cook.py"
    path.write_text("1")
    basedir = SimpleNamespace(join=lambda name: SimpleNamespace(get_path_or_uri=lambda secret_free: tmp_path / name))
    jobs = [make_job(input=[path]), make_job(rule=make_rule(script="cook.py", basedir=basedir))]
    before = [how(job) for job in jobs]

    path.write_text("2 and more")

    assert not any(how(job) in before for job in jobs)


def test_the_order_of_a_groups_jobs_does_not_count():
    jobs = [make_job(), make_job(name="bake")]
    groups = [SimpleNamespace(is_group=lambda: True, jobs=order) for order in (jobs, jobs[::-1])]

    assert what(groups[0]) == what(groups[1])
    assert how(groups[0]) == how(groups[1])


def test_every_tag_is_new_and_none_means_a_machine_of_its_own():
    marks = Marks("/project")

    assert marks.new(make_job()) != marks.new(make_job())
    assert not marks.new(make_job()).startswith("single")


def test_jobs_of_an_earlier_run_are_told_from_those_of_other_folders():
    mine, others = Marks("/project").new(make_job()), Marks("/other").new(make_job())
    tags = [["gpu", mine], f"gpu, {mine}", [others], "", None]  # as servers may tell them

    earlier = Marks("/project").earlier(
        [{"id": number, "tags": told} for number, told in enumerate(tags)] + [{"id": 5}]
    )

    assert earlier == {what(make_job()): [(number, how(make_job())) for number in (0, 1)]}

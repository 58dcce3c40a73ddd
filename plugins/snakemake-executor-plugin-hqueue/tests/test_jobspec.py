"""Job specifications: what becomes of a job's wildcards, threads and resources, and which values are refused."""

from types import SimpleNamespace

import pytest
from snakemake_executor_plugin_hqueue import ExecutorSettings
from snakemake_executor_plugin_hqueue.jobspec import check_settings, specification
from snakemake_interface_common.exceptions import WorkflowError

OWN = {"HFS": "/opt/hfs", "BAD": "\x1b[1m"}


def make_job(wildcards=None, threads=1, group=False, output=("out.txt",), **resources):
    job = SimpleNamespace(
        name="cook",
        rules=["cook"],
        is_group=lambda: group,
        wildcards_dict=wildcards or {},
        threads=threads,
        resources=resources,
        output=list(output),
        log=["logs/cook.log"],
    )
    job.jobs = [job]
    return job


def make_specification(job, variables=None, **flags):
    settings = ExecutorSettings(**flags)
    return specification(job, settings, command="run", variables=variables or {}, tag="snakemake-1", user="me", own=OWN)


def test_a_plain_job_asks_for_no_more_than_it_needs():
    assert make_specification(make_job(gpu=2)) == {  # without a name for them, the site has no GPUs to ask for
        "name": "cook",
        "description": "Snakemake: cook\noutput: out.txt\nlog: logs/cook.log",
        "command": "run",
        "shell": "bash",
        "cpus": 1,
        "priority": 5,
        "tags": ["snakemake-1"],
        "environment": {},
        "submittedBy": "me",
    }


CLIENT, ONE = {"type": "client", "op": "in"}, {"op": "==", "value": "n:1"}
EVERY_FLAG = {
    "priority": 7, "tags": "a, b", "hosts": "n1,n2", "groups": "x,y", "resources": "licence=1, disk = 2",
    "environment": "A=1,HFS,B=", "max_minutes": 10, "submitted_by": "pipeline", "gpu_resource": "gpus",
}  # fmt: skip


def test_flags_hold_for_every_job():
    spec = make_specification(make_job(), variables={"A": "0", "TOKEN": "t"}, **EVERY_FLAG)

    assert spec == make_specification(make_job()) | {
        "priority": 7,
        "tags": ["a", "b", "snakemake-1"],
        "conditions": [
            CLIENT | {"name": "hostname", "value": "n1,n2"},
            CLIENT | {"name": "group", "value": "x,y"},
        ],
        "resources": {"licence": 1, "disk": 2},
        "environment": {"A": "1", "TOKEN": "t", "HFS": "/opt/hfs", "B": ""},
        "maxTime": 600,
        "submittedBy": "pipeline",
    }


@pytest.mark.parametrize(
    ("resources", "field", "expected"),
    [
        ({"threads": 4}, "cpus", 4),
        ({"hqueue_priority": 0}, "priority", 0),
        ({"hqueue_priority": "10"}, "priority", 10),
        ({"hqueue_tags": ""}, "tags", ["snakemake-1"]),
        ({"hqueue_hosts": "n:1", "hqueue_groups": ""}, "conditions", [CLIENT | ONE | {"name": "hostname:name"}]),
        ({"gpu": 0}, "resources", {"licence": 1, "disk": 2}),
        ({"gpu": 2, "hqueue_resources": "disk=1"}, "resources", {"gpus": 2, "disk": 1}),
        ({"runtime": 90}, "maxTime", 5400),
        ({"runtime": 0}, "maxTime", None),
        ({"wildcards": {"batch": "0-9", "n": "1"}}, "name", "cook: batch=0-9, n=1"),
        ({"wildcards": {"batch": "x" * 300}}, "name", ("cook: batch=" + "x" * 300)[:197] + "..."),
        ({"group": True}, "name", "group cook: cook"),
    ],
)
def test_what_a_job_says_itself_counts_before_the_flags(resources, field, expected):
    assert make_specification(make_job(**resources), **EVERY_FLAG).get(field) == expected


def test_a_groups_priority_is_the_highest_of_its_jobs():
    group = make_job(group=True, hqueue_priority=13)  # Snakemake adds up
    group.jobs = [make_job(hqueue_priority=9), make_job(hqueue_priority=4), make_job()]

    assert make_specification(group)["priority"] == 9


BAD_RESOURCES = [
    ({"hqueue_priority": 11}, "Resource hqueue_priority of rule cook is 11, but must be a whole number from 0 to 10."),
    ({"hqueue_priority": True}, "hqueue_priority of rule cook is True"),
    ({"hqueue_tags": "a,,b"}, "Resource hqueue_tags of rule cook is 'a,,b', but must be names"),
    ({"hqueue_hosts": "n1,n:2"}, "The hosts of rule cook: host and host:client names cannot be mixed"),
    ({"hqueue_resources": "licence"}, "Resource hqueue_resources of rule cook has 'licence', but must be name=amount"),
    ({"hqueue_resources": "licence=0"}, "amount of licence in Resource hqueue_resources of rule cook is '0'"),
    ({"hqueue_resources": "memory=4294967296"}, "a whole number from 1 to 2147483647."),
    ({"gpu": -1}, "Resource gpu of rule cook is -1"),
    ({"runtime": 2**31 // 60 + 1}, "runtime of rule cook is 35791395, but must be a whole number from 0 to 35791394."),
    ({"threads": 0}, "threads of rule cook is 0"),
    ({"wildcards": {"n": "\x00"}}, "name of rule cook has a character that XML-RPC cannot carry"),
    ({"hqueue_priority": 11, "group": True}, "Resource hqueue_priority of group cook is 11"),
]


@pytest.mark.parametrize(("resources", "sentence"), BAD_RESOURCES)
def test_a_bad_resource_is_named_with_its_rule(resources, sentence):
    with pytest.raises(WorkflowError) as error:
        make_specification(make_job(**resources))

    assert sentence in str(error.value)
    assert str(error.value).endswith(".") and "\n" not in str(error.value)


BAD_FLAGS = [
    ({"priority": -1}, "--hqueue-priority is -1, but must be a whole number from 0 to 10."),
    ({"tags": ","}, "--hqueue-tags is ','"),
    ({"groups": "a,"}, "--hqueue-groups is 'a,'"),
    ({"hosts": "a,b:c"}, "--hqueue-hosts: host and"),
    ({"resources": "=1"}, "--hqueue-resources has '=1'"),
    ({"environment": "1A=x"}, "--hqueue-environment has '1A=x'"),
    ({"environment": "NONE"}, "--hqueue-environment passes NONE, but that is not set here"),
    ({"max_minutes": -1}, "--hqueue-max-minutes is -1"),
    ({"patience": -1}, "--hqueue-patience is -1"),
    ({"timeout": 0}, "--hqueue-timeout is 0"),
    ({"output_characters": 2**31}, "--hqueue-output-characters is 2147483648"),
]


@pytest.mark.parametrize(("flags", "sentence"), BAD_FLAGS)
def test_a_bad_flag_is_named(flags, sentence):
    with pytest.raises(WorkflowError) as error:
        check_settings(ExecutorSettings(**flags), OWN)

    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


def test_a_variable_that_no_message_can_carry_is_named():
    with pytest.raises(WorkflowError, match="BAD of rule cook has a character"):
        make_specification(make_job(), environment="BAD")

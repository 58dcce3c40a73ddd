import pytest

from geokiln.planning.launching import in_project, names_executor, names_target_from_outside


@pytest.mark.parametrize(
    ("files", "arguments", "expected"),
    [
        ({}, ["-n", "-c2", "--config", "a=e", "--", "-e"], False),
        ({"default/notes.txt": "executor", "profiles/default/profile.yaml": "cores: all"}, [], False),
        ({}, ["-ke", "slurm"], True),
        ({}, ["--prof=x"], True),
        ({}, ["--workflow-profile", "x"], True),
        ({"default": "executor: slurm"}, [], True),
        ({"profiles/default/config.v8+.yaml": "executor: slurm"}, [], True),
        ({"checkout/profiles/default/profile.yaml": "executor: slurm"}, [], True),
    ],
)
def test_snakemake_is_asked_only_where_an_executor_names_executor(files, arguments, expected, write):
    for path, text in files.items():
        write(path, text)

    assert names_executor(arguments, "checkout") == expected


@pytest.mark.parametrize(
    ("arguments", "target", "inside"),
    [
        (["predictions/all.npz", "-n"], "predictions/all.npz", "predictions/all.npz"),
        (["--directory", "pond", "predictions/all.npz"], "predictions/all.npz", None),
        (["--directory", "pond", "pond/predictions/all.npz"], "pond/predictions/all.npz", "predictions/all.npz"),
        (["-d", "pond/", "other/../pond/model.onnx"], "other/../pond/model.onnx", "model.onnx"),
        (["-d", "pond", "HERE/pond/model.onnx"], "HERE/pond/model.onnx", "model.onnx"),
        (["-d", "pond", "HERE/link/model.onnx"], "HERE/link/model.onnx", "model.onnx"),
        (["-d", "pond", "/elsewhere/model.onnx"], "/elsewhere/model.onnx", None),
    ],
)
def test_a_target_seen_from_outside_is_called_as_in_the_project(arguments, target, inside, write, tmp_path):
    folder = write("pond/config.yaml", "").parent
    (tmp_path / "link").symlink_to(folder)
    arguments = [word.replace("HERE", str(tmp_path)) for word in arguments]
    target = target.replace("HERE", str(tmp_path))
    project = "pond" if "pond" in " ".join(arguments) or target[0] == "/" else "."

    assert in_project(target, project) == inside
    assert names_target_from_outside(arguments) == (target != "predictions/all.npz")

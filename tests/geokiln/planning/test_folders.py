import errno
import os

import pytest

from geokiln.errors import UserError
from geokiln.planning.folders import check_cache, check_folders, writable, writing


def test_a_folder_is_writable_if_it_is_or_can_be_made(read_only, write, tmp_path):
    write("file", "")
    write("closed/there/file", "")
    read_only(tmp_path / "closed")

    answers = {path: writable(path) for path in (".", "new/folder", "file/folder", "closed", "closed/new")}

    assert answers == {".": True, "new/folder": True, "file/folder": False, "closed": False, "closed/new": False}


def test_a_project_and_environments_that_cannot_be_written_are_told_together(write, tmp_path):
    write(".snakemake", "a file")
    write("file", "")

    with pytest.raises(UserError) as error:
        check_folders("file/environments")

    assert str(error.value).splitlines() == [
        f"{tmp_path} cannot be written; results go there: copy the project to a folder of yours",
        f"{tmp_path}/file/environments cannot be written; set environments.folder of the config to a folder of yours",
    ]


def test_a_cache_that_cannot_be_written_names_the_variable_that_moves_it(write, monkeypatch, tmp_path):
    write("cache", "a file")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    with pytest.raises(UserError, match="/cache/snakemake cannot be written, .*; set XDG_CACHE_HOME to a folder of yo"):
        check_cache()


@pytest.mark.parametrize(
    ("number", "kind"), [(errno.ENOSPC, UserError), (errno.EACCES, UserError), (errno.EIO, OSError)]
)
def test_only_an_error_of_a_folder_that_takes_no_files_becomes_a_sentence(number, kind, tmp_path):
    with pytest.raises(kind) as error, writing("a", "move it"):
        raise OSError(number, os.strerror(number))

    sentence = f"{tmp_path}/a cannot be written ({os.strerror(number)}); move it"
    assert str(error.value) == (sentence if kind is UserError else f"[Errno {number}] {os.strerror(number)}")

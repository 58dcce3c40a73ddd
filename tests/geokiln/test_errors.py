import pytest

from geokiln.errors import UserError, command


def test_a_mistake_of_the_users_ends_the_script_with_its_name_and_the_sentence():
    @command
    def main(argv):
        raise UserError(f"{argv[0]} does not exist")

    with pytest.raises(SystemExit) as end:
        main(["a.geo"])

    assert end.value.code == "test_errors: a.geo does not exist"


def test_a_bug_keeps_its_own_type():
    @command
    def main(argv):
        return {}["nothing"]

    with pytest.raises(KeyError) as error:
        main([])

    assert error.traceback[-1].name == "main"


def test_a_script_that_ends_well_returns_what_its_main_returns():
    @command
    def main(argv=None):
        return argv

    result = main(["a"])

    assert result == ["a"]

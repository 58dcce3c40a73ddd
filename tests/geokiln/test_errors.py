import pytest

from geokiln.errors import UserError, script


def test_a_mistake_of_the_users_ends_the_script_with_its_name_and_the_sentence():
    @script
    def main(argv):
        raise UserError(f"{argv[0]} does not exist")

    with pytest.raises(SystemExit) as end:
        main(["a.geo"])

    assert end.value.code == "test_errors: a.geo does not exist"


def test_a_bug_keeps_its_own_type():
    @script
    def main(argv):
        return {}["nothing"]

    with pytest.raises(KeyError):
        main([])

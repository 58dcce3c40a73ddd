import pytest

from geokiln.errors import UserError


@pytest.fixture
def told():
    """A function that calls another one, and gives what that returns, or the sentence that it raises."""

    def told(function, *arguments, **options):
        try:
            return function(*arguments, **options)
        except UserError as error:
            return str(error)

    return told

"""How a call that ends in a mistake of the user's is told."""

import pytest

from geokiln.errors import UserError


@pytest.fixture(scope="session")
def told():
    """A function that makes a call and gives the sentence of the UserError in which it ends."""

    def told(function, *arguments):
        with pytest.raises(UserError) as error:
            function(*arguments)
        return str(error.value)

    return told

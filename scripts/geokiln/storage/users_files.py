"""Files that users name, as far as their first bytes tell. Only the standard library is imported here."""

from geokiln.errors import UserError

LFS_POINTER = b"version https://git-lfs"


def check_start(path):
    """Return the first 1024 bytes of a file; UserError if it is missing, empty, or only stands for one elsewhere."""
    try:
        with open(path, "rb") as file:
            start = file.read(1024)
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        raise UserError(f"{path} {'does not exist' if missing else f'cannot be read ({error.strerror})'}") from None
    if not start:
        raise UserError(f"{path} is empty")
    if start.startswith(LFS_POINTER):
        raise UserError(f"{path} is a pointer of Git LFS and not the file; get the file itself (git lfs pull)")
    return start

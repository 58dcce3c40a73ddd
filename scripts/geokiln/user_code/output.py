"""What a job printed, brought into a shape that others can read. Only the standard library is imported here.

Snakemake shows the whole log of a failed job, and none of it if a single byte is no text.
"""

import contextlib
import fcntl
import os
import shutil
import stat

LONGEST = 1_000_000  # bytes of a log that is shown
END = 900_000  # of them, at the end of the log: there it says what failed


def mend_log(file=1):
    """Make a text of the log that this process prints to, and shorten a long one, which is kept beside it.

    *file* is its number. A terminal or a pipe stays as it is.
    """
    if not stat.S_ISREG(os.fstat(file).st_mode):
        return
    with contextlib.suppress(OSError):
        path = os.path.realpath(_path(file))
        with open(path, "rb") as log:
            start = log.read(LONGEST + 1)
            size = os.fstat(file).st_size
            if size > LONGEST:
                log.seek(size - END)
                shutil.copyfile(path, f"{path}.all")
                left_out = f"\n[{size - LONGEST} bytes are left out here; {path}.all has all]\n"
                start = start[: LONGEST - END] + left_out.encode() + log.read()
        import locale  # takes milliseconds, which jobs that do well need not pay

        encoding = locale.getpreferredencoding(False)
        text = start.replace(b"\0", b"\\x00").decode(encoding, "backslashreplace").encode(encoding, "backslashreplace")
        if text != start or size > LONGEST:
            os.ftruncate(file, 0)
            os.lseek(file, 0, os.SEEK_SET)
            os.write(file, text)


def _path(file):
    """Return the path of an open file, which only the shell was told."""
    if hasattr(fcntl, "F_GETPATH"):  # macOS
        return fcntl.fcntl(file, fcntl.F_GETPATH, bytes(1024)).rstrip(b"\0").decode()
    return f"/proc/self/fd/{file}"

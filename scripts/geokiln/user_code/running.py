"""What user code is running, written where the process that watches this one, and the next run, can read it.

That is a page of memory which both share, and which is a file of the store, so that it outlives them. Only the standard
library is imported here, and to write costs less than a microsecond.
"""

import fcntl
import mmap
import os
import struct
from collections import namedtuple

SIZE, TEXT = 4096, 64  # bytes of the page; where the text begins
_ROWS, _LENGTH, _END = struct.Struct("<qqq"), struct.Struct("<q"), struct.Struct("<qq")
_AT_LENGTH, _AT_END, _AT_SURVIVED = 24, 32, 48

Crash = namedtuple("Crash", "first last times where how")
Crash.__doc__ = """User code that ended its process.

Attributes
----------
first, last : int
    The rows of the items of the call; -1 where it was about no items.
times : int
    How often it did so.
where, how : str
    Which function with which item, and what is known of the end.
"""


class Page:
    """The page: which call is running, and how the script ended."""

    def __init__(self, memory):
        self.memory = memory

    def clear(self):
        self.memory[:] = bytes(SIZE)
        self.items(-1, -1, 0)

    def items(self, first, last, times):
        """The items of the rows *first* to *last* come next; they ended the process *times* before."""
        _ROWS.pack_into(self.memory, 0, first, last, times)

    def call(self, where):
        """The function *where* is called; an empty text: none is."""
        text = where.encode(errors="backslashreplace")[: SIZE - TEXT]
        self.memory[TEXT : TEXT + len(text)] = text
        _LENGTH.pack_into(self.memory, _AT_LENGTH, len(text))

    def survived(self):
        """A call of items came to its end."""
        self.memory[_AT_SURVIVED] = 1

    def end(self, code):
        """The script did all that it had to, with this exit code."""
        _END.pack_into(self.memory, _AT_END, 1, code)

    @property
    def where(self):
        length = _LENGTH.unpack_from(self.memory, _AT_LENGTH)[0]
        return bytes(self.memory[TEXT : TEXT + length]).decode(errors="replace") if 0 < length <= SIZE - TEXT else ""

    @property
    def any_survived(self):
        """Whether any call of items came to its end in this process."""
        return bool(self.memory[_AT_SURVIVED])

    @property
    def exit_code(self):
        """That of a script that did all that it had to, else None."""
        ended, code = _END.unpack_from(self.memory, _AT_END)
        return code if ended else None

    def crash(self, how):
        """Return the Crash of the call that is running."""
        first, last, times = _ROWS.unpack_from(self.memory, 0)
        return Crash(first, last, times + 1, self.where, how)


page = Page(bytearray(SIZE))  # of this process; nobody watches it yet
page.clear()
crashes = []  # of this job's processes before this one


def share(path):
    """Share a new page, kept in the file *path*, with the process that this one forks.

    Returns
    -------
    Crash or None
        The call that was running when this process and the one that watched it were killed.
    """
    global page
    file = _locked(path)
    page, left = Page(mmap.mmap(file, SIZE)), None
    if page.where and page.exit_code is None:
        left = page.crash("the last run of this job was killed")
    page.clear()
    return left


def _locked(path):
    """Return a page's file, open and locked; -1, for memory alone, if an orphan has it or it cannot be written."""
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        _open.append(file)
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(file).st_size != SIZE:
            os.pwrite(file, bytes(SIZE), 0)  # written, not a hole: a full disk shows here
        return file
    except OSError:
        return -1


def _close():
    while _open:
        os.close(_open.pop())


_open = []  # files of pages, which the watching process alone keeps
os.register_at_fork(after_in_child=_close)

"""The folder of a command that cooks a batch: what it is asked for, and what it answers.

    .kept/commands/{job}/{context}-{files}/{number}/    {files}: when the generator's files were written
        items.jsonl      a line for each item
        results.jsonl    a line for each that is done; the command appends them
        outputs/{row}/   an item's own folder: there as long as the item is not kept
        geometry/        the items' geometry, if they bring it
        index.json       identity and digest of each item; written last
        lock             held as long as the command runs

Each start of the command gets one of its own, with the next number, so what is left of an earlier command writes into
no other's. It lies in the store, so that what is answered outlives a job that was killed: the next job that wants these
items takes the answers first. Only the standard library is imported here.
"""

import contextlib
import fcntl
import json
import os
import shutil
import time
from pathlib import Path

from geokiln.errors import UserError
from geokiln.storage.store import STORE

COMMANDS = STORE / "commands"
CHUNK = 1 << 20  # bytes of results that are read at once
LONGEST = 256 << 20  # bytes of a line of them
PATIENCE = 10  # seconds that the command of a killed job has to end


def commands_folder(report):
    """Return the folder of all commands of the job that makes *report*."""
    return COMMANDS / str(report).replace("/", "__")


@contextlib.contextmanager
def removed_at_the_end(folder):
    """Remove the commands' *folder* when the block ends, since each answer is kept by then, or was told.

    A job that was asked to stop leaves it to the next run, as a killed one does.
    """
    try:
        yield
    except UserError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)


class Answer:
    """What a command answered for an item.

    Attributes
    ----------
    id : str
    line : dict
        As it stands in the results.
    folder : path
        The item's own folder.
    error : Exception or None
        Why there is no such line.
    """

    def __init__(self, id_, line=None, folder=None, error=None):
        self.id, self.line, self.folder, self.error = id_, line or {}, folder, error


class BatchFolder:
    """One start of a command.

    Attributes
    ----------
    path : path
    unanswered : dict
        Identity of each item that has no answer yet, in order -> its folder.
    begun : list of str
        Those of them that are being worked on.
    signs : bool
        Whether any item was begun or answered.
    last : float
        When that was so last, or when this object was made (time.monotonic).
    mistake : str or None
        What is wrong with the results.
    """

    def __init__(self, path, ids):
        self.path, self._ids = Path(path), list(ids)
        self.unanswered = {id_: self.path / "outputs" / str(row) for row, id_ in enumerate(self._ids)}
        self.begun, self.signs, self.last, self.mistake = [], False, time.monotonic(), None
        self._known, self._read, self._line, self._number = set(self.unanswered), 0, [], 0

    @classmethod
    def make(cls, parent, documents, digests, write_geometry=None):
        """Make a folder in *parent*, and all that the command is to find there.

        Parameters
        ----------
        documents : list of dict
            What the command is told of each item, see `geokiln.cooking.command.about`.
        digests : list of str
            What identifies each item.
        write_geometry : function, optional
            ``write_geometry(row, path)`` writes the geometry of an item.
        """
        parent = Path(parent).absolute()
        parent.mkdir(parents=True, exist_ok=True)
        path = parent / str(1 + max((int(there) for there in os.listdir(parent) if there.isdecimal()), default=0))
        folder = cls(path, [document["id"] for document in documents])
        (path / "outputs").mkdir(parents=True)
        (path / "geometry").mkdir()
        with open(folder.items, "w", encoding="utf-8") as items:
            for row, (document, own) in enumerate(zip(documents, folder.unanswered.values())):
                own.mkdir()
                more = {"folder": str(own)}
                if write_geometry:
                    more["geometry"] = str(path / "geometry" / f"{row}.geo")
                    write_geometry(row, more["geometry"])
                items.write(json.dumps({**document, **more}) + "\n")
        folder.results.touch()
        folder._lock = open(path / "lock", "w")  # noqa: SIM115 (a context manager of its own closes it)
        fcntl.flock(
            folder._lock, fcntl.LOCK_EX | fcntl.LOCK_NB
        )  # before anybody can find the folder: see `left_answers`
        (path / "index.json").write_text(json.dumps(list(zip(folder._ids, digests))), encoding="utf-8")
        return folder

    @property
    def items(self):
        return self.path / "items.jsonl"

    @property
    def results(self):
        return self.path / "results.jsonl"

    @contextlib.contextmanager
    def lock(self):
        """Yield the number of an open file on which there is a lock; whoever inherits the file keeps that."""
        with self._lock as file:
            yield file.fileno()

    def answers(self):
        """Yield an Answer for each result that is there and was not seen yet.

        The first line that is none is noted as the *mistake*; the others count.
        """
        for line in self._lines():
            self._number += 1
            try:
                answer = self._answer(line)
            except _NoResult as error:
                self.mistake = self.mistake or f"line {self._number} of its {{results}} {error}"
                continue
            self.signs, self.last = True, time.monotonic()
            if answer:
                yield answer

    def _answer(self, line):
        """Return the Answer that stands in a line, or None if that tells that an item is begun."""
        try:
            result = json.loads(line.decode())
        except (ValueError, RecursionError):
            result = None
        if not isinstance(result, dict):
            raise _NoResult(f'is no JSON object, such as {{"id": "7"}}: {_shown(line)}')
        id_ = result.get("id")
        if not isinstance(id_, str):
            raise _NoResult(f'has no text as its "id", such as {{"id": "7"}}: {_shown(line)}')
        if id_ not in self._known:
            raise _NoResult(f"names item {_shown(id_)}, which is not among its {{items}}")
        if id_ not in self.unanswered:
            raise _NoResult(f"names item {_shown(id_)} a second time")
        self.begun = [other for other in self.begun if other != id_]
        if result.get("begun"):
            self.begun.append(id_)
            return None
        return Answer(id_, result, self.unanswered.pop(id_))

    def _lines(self):
        """Yield the lines that were not read yet; one without its newline is not there yet."""
        try:
            with open(self.results, "rb") as file:
                if os.fstat(file.fileno()).st_size < self._read:
                    raise FileNotFoundError
                file.seek(self._read)
                for chunk in iter(lambda: file.read(CHUNK), b""):
                    self._read += len(chunk)
                    *lines, rest = chunk.split(b"\n")
                    for line in lines:
                        yield b"".join([*self._line, line])
                        self._line = []
                    self._line.append(rest)
                    if sum(map(len, self._line)) > LONGEST:
                        self.mistake = self.mistake or f"a line of its {{results}} is longer than {LONGEST >> 20} MB"
                        self._line = []
                        return
        except FileNotFoundError:
            self.mistake = self.mistake or "its {results} were overwritten or removed; append a line for each item"

    def clear(self):
        """Throw away what belongs to items without an answer, once the command has ended."""
        for folder in (self.path / "geometry", *self.unanswered.values()):
            shutil.rmtree(folder, ignore_errors=True)


class _NoResult(Exception):
    """What is wrong with a line of the results."""


def _shown(value):
    text = value.decode(errors="replace") if isinstance(value, bytes) else value
    return repr(text[:80])


def left_answers(own, context, wanted):
    """Yield an Answer for each item that a command of an earlier job answered, if its folder is still there.

    Batches may have had other items then, so the folders of all jobs are looked at.

    Parameters
    ----------
    own : path
        The folder of this job's commands, whose end is waited for; another job's that is locked is at work.
    context : str
        Name of the context in which all of it counts.
    wanted : dict
        Digest -> identity of the items that are wanted. Those that are answered are taken out.
    """
    own = Path(own).absolute()
    for index in sorted(own.parent.glob(f"*/{context}/*/index.json")):
        try:
            there = json.loads(index.read_text(encoding="utf-8"))
        except (OSError, ValueError):  # its job was killed before the command began
            continue
        names = {id_: digest for id_, digest in there if digest in wanted}
        is_own = own in index.parents
        free = bool(names) and _ended(index.with_name("lock"), PATIENCE if is_own else 0)
        if not names or not (free or is_own):
            continue
        folder = BatchFolder(index.parent, [id_ for id_, _ in there])
        for answer in folder.answers():
            if answer.id in names and answer.folder.is_dir():
                del wanted[names[answer.id]]
                yield answer
        if free:
            folder.clear()


def _ended(lock, patience):
    """Whether a command is no more, after some *patience*: what it started may live on its own."""
    told, end = False, time.monotonic() + patience
    try:
        with open(lock) as file:
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                    return True
                except OSError:
                    if time.monotonic() >= end:
                        return False
                    if not told:
                        print(f"waiting for the end of an earlier command, in {lock.parent}", flush=True)
                    told = True
                    time.sleep(0.05)
    except FileNotFoundError:  # its job was killed before the command began
        return True


def discard(folder, live=None):
    """Throw away the folder of an item that is kept, and its batch's if it was the last, unless that is *live*."""
    shutil.rmtree(folder, ignore_errors=True)
    batch = folder.parents[1]
    if batch != live:
        with contextlib.suppress(OSError):  # others are not kept yet
            os.rmdir(batch / "outputs")
            shutil.rmtree(batch, ignore_errors=True)

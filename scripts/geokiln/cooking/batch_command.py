"""Cook a batch by one command: for whatever takes long to start."""

import time
from pathlib import Path

from geokiln.cooking.batch_folder import Answer, BatchFolder, discard, left_answers
from geokiln.cooking.command import about, action, words_to_run
from geokiln.cooking.process import Process, how_it_ended, shortened
from geokiln.errors import DropItem, UserError, listed
from geokiln.geometry.geo_file import write_geo

STARTS = 3  # in a row without a sign of life: then it cannot start
IN_A_ROW = 10  # of a command that did start: something that it needs has gone
NO_START = (2, 126, 127)  # exit codes that say so sooner: what shells and parsers of command lines end with
GRACE = 10  # seconds that the command has to end, once all items are answered


class BatchCommand:
    """A command that is told of many items at once, and answers them one by one.

    An item at which it ends before its time is set aside, and it is started again with the others. Each item that was
    set aside gets a process of its own in the end.

    Parameters
    ----------
    folder : path
        The job's own, see `geokiln.cooking.batch_folder`; its last name is that of the context.
    words : list of str
        ``{items}`` and ``{results}`` stand for the paths of the two files, ``{folder}`` for the folder that they are
        in. See `geokiln.cooking.command.words_to_run` for the others.
    outputs : list of str
        Not needed here.
    time_limit : float, optional
        Seconds for an item: since the last line of results, or since the start.
    retries, exit_codes
        Of a process with one item, see `geokiln.cooking.command.run_command`.
    """

    def __init__(self, folder, words, outputs=(), time_limit=None, retries=0, exit_codes=None):
        self.folder, self.words, self.time_limit = Path(folder), words, time_limit
        self.retries, self.exit_codes = retries, exit_codes
        self._live, self._not_kept = None, {}

    def answers(self, items, digests, parameters):
        """Yield an Answer for each of some WorkItems, as they come.

        First come the answers that a killed job left. *digests* are a text for each item.

        Raises
        ------
        UserError
            If the command cannot start, or breaks the contract; all that it answered was yielded before.
        """
        rows = {str(id_): row for row, id_ in enumerate(items.ids)}
        batch = _Batch(items, digests, parameters, rows)
        wanted = dict(zip(digests, rows))
        yield from self._noted(left_answers(self.folder.parent, self.folder.name, wanted))
        queue, aside, in_a_row, alive, turned = list(wanted.values()), [], 0, False, False
        while queue:
            run = yield from self._run(batch, queue)
            queue = list(run.unanswered)
            alive, in_a_row, turned = alive or run.signs, 0 if run.signs else in_a_row + 1, turned and not run.signs
            if queue and turned:
                raise _cannot_start(in_a_row, run.ended, len(queue) + len(aside))
            suspects = run.begun or queue[:1]
            aside += suspects
            queue = [id_ for id_ in queue if id_ not in suspects]
            if suspects:
                at = f"at item {listed(suspects)}, the command {run.ended}"
                print(f"{at}; it is tried alone at the end, {len(queue)} go on without it", flush=True)
            refused = run.code in NO_START and str(run.code) not in (self.exit_codes or {})
            if in_a_row and in_a_row >= (IN_A_ROW if alive else 1 if refused else STARTS - 1):
                queue.reverse()  # perhaps it is only these items: the last one tells
                turned = True
        for number, id_ in enumerate(aside):
            run, error = yield from self._alone(batch, id_)
            alive = alive or run.signs or isinstance(error, DropItem)
            if error and not alive and in_a_row + number + 1 >= STARTS:
                raise _cannot_start(in_a_row + number + 1, run.ended, len(aside))
            if error:
                yield Answer(id_, error=error)

    def _alone(self, batch, id_):
        """Yield the Answer for an item that has a process of its own; return its last run, and why there is none."""
        for attempt in range(self.retries + 1):
            run = yield from self._run(batch, [id_])
            if not run.unanswered:
                return run, None
            again = action(run.code, self.exit_codes)
            if again == "drop":
                return run, DropItem(f"the command {run.how}")
            if again == "error":
                break
            print(f"item {id_}: the command {run.how}; {self.retries - attempt} more tries", flush=True)
        return run, UserError(f"item {id_}: the command {run.ended}")

    def _run(self, batch, ids):
        """Run the command for some items, yield its Answers, and return its BatchFolder with how it ended.

        ``code`` is its exit code, ``how`` says so, and ``ended`` with its last line, too.
        """
        folder = batch.folder(self.folder, ids)
        values = {"{items}": str(folder.items), "{results}": str(folder.results), "{folder}": str(folder.path)}
        self._live = folder.path
        with folder.lock() as lock, Process(words_to_run(self.words, values), folder.path, lock) as process:
            folder.last = time.monotonic()
            while folder.unanswered and not folder.mistake and process.poll():
                yield from self._noted(folder.answers())
                if self.time_limit and time.monotonic() - folder.last > self.time_limit:
                    break
            if not folder.unanswered:
                process.wait(GRACE)
        if folder.unanswered:
            yield from self._noted(folder.answers())
        folder.clear()
        self._live = None
        if folder.mistake:
            raise UserError(f"generator.command: {folder.mistake}; {_not_cooked(len(folder.unanswered))}")
        folder.code, folder.how = process.code, how_it_ended(process, self.time_limit if folder.unanswered else None)
        silent = ", without an answer" if process.code == 0 and folder.unanswered else ""
        folder.ended = f"{folder.how}{silent}; {process.last_line}"
        if process.code != 0 and not folder.unanswered:
            print(f"all items were answered when the command {folder.ended}", flush=True)
        return folder

    def _noted(self, answers):
        for answer in answers:
            self._not_kept[answer.id] = answer.folder
            yield answer

    def kept(self, ids):
        """Throw away the outputs of items that are kept."""
        for id_ in ids:
            folder = self._not_kept.pop(str(id_), None)
            if folder:
                discard(folder, self._live)


class _Batch:
    """What the command is told of the items."""

    def __init__(self, items, digests, parameters, rows):
        self.items, self.digests, self.parameters, self.rows = items, digests, parameters, rows

    def folder(self, parent, ids):
        rows = [self.rows[id_] for id_ in ids]
        documents = [about(self.items.item(row, self.parameters)) for row in rows]
        write = self._write_geometry(rows) if self.items.parts else None
        return BatchFolder.make(parent, documents, [self.digests[row] for row in rows], write)

    def _write_geometry(self, rows):
        return lambda number, path: write_geo(path, self.items.item(rows[number], self.parameters).geometry)


def reason_of(answer, key):
    """Return the reason that the command gives under a *key* of its line, for a sentence."""
    return shortened(" ".join(str(answer.line[key]).split())) or "(no reason given)"


def _cannot_start(times, ended, count):
    last = f"it {ended}" if times == 1 else f"the last time of {times} it {ended}"
    starts = f"generator.command: the command began no item; {last}"
    return UserError(f"{starts}; {_not_cooked(count)}")


def _not_cooked(count):
    if not count:
        return "all items are cooked"
    return f"{count} item is not cooked" if count == 1 else f"{count} items are not cooked"

"""Training examples in batches: from memory, or in a stream from a table that is larger."""

import numpy as np
import torch

CHUNK_BYTES = 16 << 20  # rows that are put into their random order at a time
PIECE_BYTES = 64 << 10  # rows that stand together in a table and are read together, at most
PIECES = 128  # of a full buffer, at least: so few neighbours are among so many others


class Examples:
    """What both have in common: ``count``, ``n_in``, ``n_out``, and what a user's own training needs."""

    def batches(self, batch_size, random=None):
        """Yield each example once, in batches of inputs (n, n_in) and targets (n, n_out), shuffled by a generator."""
        for inputs, targets in self.epoch(batch_size, [random] if random else None):
            yield inputs[0], targets[0]


class InMemory(Examples):
    """Examples as tensors: inputs (n, n_in), targets (n, n_out)."""

    def __init__(self, inputs, targets):
        self.inputs, self.targets = inputs, targets
        self.count, self.n_in, self.n_out = len(inputs), inputs.shape[1], targets.shape[1]

    def epoch(self, batch_size, shuffles=None):
        """Yield each example once, in batches: inputs (1 or K, batch, n_in) and targets likewise.

        *shuffles* are random generators, one for all wedges or one for each; None keeps the order.
        """
        step = _chunk_rows(batch_size, 4 * (self.n_in + self.n_out))
        orders = None
        if shuffles:
            orders = torch.stack([torch.randperm(self.count, generator=generator) for generator in shuffles])
            orders = orders.to(self.inputs.device)
        for first in range(0, self.count, step):
            rows = slice(first, first + step)
            tensors = [
                tensor[rows].unsqueeze(0) if orders is None else _rows(tensor, orders[:, rows])
                for tensor in (self.inputs, self.targets)
            ]
            yield from zip(*(tensor.split(batch_size, 1) for tensor in tensors))

    def blocks(self):
        """Yield (inputs, targets) in their order, so many at a time that a network's values for them are few."""
        return zip(self.inputs.split(4096), self.targets.split(4096))


class Streamed(Examples):
    """Examples of a table that is not to be in memory as a whole.

    Each epoch reads pieces of the table, a few hundred rows that stand together, in a random order; they fill a buffer
    of half the *memory* (bytes), whose rows are then put into a random order. An example so meets others from all over
    the table: a buffer of 512 MB holds 8,000 pieces drawn at random. What is left of a batch when the buffer is used up
    moves on to the next one.
    """

    def __init__(self, table, memory, count=None, device="cpu"):
        self.table, self.device = table, device
        self.count, self.n_in = min(count or table.count, table.count), table.input_width
        self.n_out = table.width - self.n_in
        self.capacity = max(memory // 2 // (4 * table.width), 1)
        self.piece = max(1, min(PIECE_BYTES // (4 * table.width), self.capacity // PIECES))
        table.check()

    def epoch(self, batch_size, shuffles=None):
        """Yield each example once, as `InMemory.epoch` does; the order of all wedges is the same."""
        if shuffles and len(shuffles) > 1:
            raise ValueError("wedges of one stream have the same order")
        random = shuffles[0] if shuffles else None
        starts = range(0, self.count, self.piece)
        order = torch.randperm(len(starts), generator=random).tolist() if random else range(len(starts))
        buffer = np.empty((self.capacity + batch_size + self.piece, self.table.width), np.float32)
        filled = 0
        for number, start in enumerate(starts[piece] for piece in order):
            piece = self.table.array[start : min(start + self.piece, self.count)]
            buffer[filled : filled + len(piece)] = piece
            filled += len(piece)
            last = number == len(starts) - 1
            if last or filled + self.piece > len(buffer):
                used = filled if last else filled - filled % batch_size
                left = yield from self._drain(buffer[:filled], used, batch_size, random)
                filled = len(left)
                buffer[:filled] = left

    def _drain(self, buffer, used, batch_size, random):
        """Yield batches of *used* rows of a full buffer; return the rows that are left."""
        order = torch.randperm(len(buffer), generator=random) if random else torch.arange(len(buffer))
        rows = torch.from_numpy(buffer)
        for chunk in order[:used].split(_chunk_rows(batch_size, 4 * buffer.shape[1])):
            drawn = rows.index_select(0, chunk).unsqueeze(0).to(self.device)
            yield from zip(*(part.split(batch_size, 1) for part in drawn.split([self.n_in, self.n_out], 2)))
        return rows.index_select(0, order[used:]).numpy()

    def blocks(self):
        """Yield (inputs, targets) in their order, a block of the table at a time."""
        for first, block in self.table.blocks():
            if first < self.count:
                for part in torch.from_numpy(block[: self.count - first]).split(4096):
                    yield part[:, : self.n_in].to(self.device), part[:, self.n_in :].to(self.device)


def _chunk_rows(batch_size, row_bytes):
    return batch_size * max(1, CHUNK_BYTES // (batch_size * row_bytes))


def _rows(tensor, rows):
    """Return the rows (K, n) of a tensor (N, width): (K, n, width)."""
    return tensor.index_select(0, rows.reshape(-1)).unflatten(0, rows.shape)

"""An exported model, applied."""

import json
import tempfile
import time

import numpy as np
import onnxruntime

from geokiln.errors import UserError
from geokiln.storage.arrays import block_slices
from geokiln.storage.files import put_aside
from geokiln.storage.tables import columns_of, flat_rows

REPEATS = 5
LEAST_ROW_BYTES = 4096  # counted for a row in blocks: hidden layers take memory however narrow the output is


class Model:
    """``model.onnx`` with its layout, read from its own metadata.

    Attributes
    ----------
    inputs, outputs : list of dict
        Named components with shape, offset and size in the flat ``input`` and ``output``.
    """

    def __init__(self, path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        try:
            self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's own exceptions have no common class
            raise put_aside(path, str(error).split("\n")[0]) from None
        metadata = self.session.get_modelmeta().custom_metadata_map
        self.inputs, self.outputs = json.loads(metadata["inputs"]), json.loads(metadata["outputs"])
        self.bytes_per_item = json.loads(metadata.get("bytes_per_item", "0"))

    def flat_inputs(self, arrays, source):
        """Return float32 (n, n_in) from an unseen input's arrays (``input/{name}``).

        Raises
        ------
        UserError
            If the unseen input's components are not those that the model was trained on; names the first that differs.
        """
        expected = {component["name"]: tuple(component["shape"]) for component in self.inputs}
        given = {name[6:]: array.shape[1:] for name, array in arrays.items() if name.startswith("input/")}
        for name in sorted(expected.keys() | given.keys()):
            if expected.get(name) != given.get(name):
                raise UserError(
                    f"{source}: input {name!r} has shape {given.get(name, 'missing')}, the model was trained with "
                    f"{expected.get(name, 'none of that name')}; unseen inputs need the training geometry's attributes"
                )
        return flat_rows(arrays, "input", self.inputs, slice(None), source)

    def blocks(self, count):
        """Yield slices of *count* items that bound the memory of what is computed for each of them."""
        width = sum(component["size"] for component in self.outputs)
        return block_slices(count, max(4 * width, LEAST_ROW_BYTES, self.bytes_per_item))

    def run(self, inputs, folder="."):
        """Return outputs (n, n_out) and the seconds per item, the median of a few runs over all of them.

        The outputs may be larger than memory: they are a map of a file without a name in *folder*, which is gone when
        nobody holds them any longer.
        """
        times = np.zeros(REPEATS)
        with tempfile.TemporaryFile(dir=folder) as file:
            for rows in self.blocks(len(inputs)):
                for repeat in range(REPEATS):
                    start = time.perf_counter()
                    outputs = self.session.run(["output"], {"input": inputs[rows]})[0]
                    times[repeat] += time.perf_counter() - start
                file.write(outputs.data)
            file.flush()
            outputs = np.memmap(file, np.float32, "r", shape=(len(inputs), outputs.shape[1]))
        return outputs, float(np.median(times)) / len(inputs)

    def named_outputs(self, flat):
        """Return flat rows (n, n_out) as a dict of arrays (n, *shape), one per target component."""
        return {
            component["name"]: flat[:, columns_of(component)].reshape(len(flat), *component["shape"])
            for component in self.outputs
        }

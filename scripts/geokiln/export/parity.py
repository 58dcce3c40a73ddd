"""The exported model beside PyTorch."""

import numpy as np
import onnxruntime

from geokiln.errors import UserError
from geokiln.storage.tables import columns_of

PARITY = {"kernel": 1e-4}  # of the largest value of a target; kernels add up large numbers that nearly cancel


USUAL_PARITY = 1e-5


def runner(model):
    """Return the function that maps inputs (n, n_in) to the model's outputs, run by onnxruntime.

    What onnxruntime cannot load or run becomes one sentence.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # errors are raised: no need to print them as well

    def asked(function, *arguments, **named):
        try:
            return function(*arguments, **named)
        except Exception as error:
            reason = str(error).strip().split("\n")[0]
            raise UserError(f"onnxruntime cannot run the exported model: {reason}") from error

    session = asked(
        onnxruntime.InferenceSession, model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return lambda inputs: asked(session.run, ["output"], {"input": np.ascontiguousarray(inputs, np.float32)})[0]


def check_parity(model, batches, components, allowed=USUAL_PARITY, basis=None):
    """Compare the model, run by onnxruntime, with what PyTorch gives for the same raw inputs.

    Parameters
    ----------
    batches : iterable
        Pairs of inputs (n, n_in) and PyTorch's outputs (n, n_out); one pair is in memory at a time.
    allowed : float
        Largest difference that passes.
    basis : dict, optional
        For a model that gives coefficients: what they are compared after reconstruction by.

    Returns
    -------
    float
        The largest difference, as a share of the largest absolute value of its target component.

    Raises
    ------
    UserError
        If it is above *allowed*, or onnxruntime cannot run the model: then the file must not be used.
    """
    run = runner(model)
    largest, difference = np.zeros(len(components)), np.zeros(len(components))
    for inputs, expected in batches:
        actual = run(inputs) if basis is None else run(inputs) @ basis["basis"] + basis["target_mean"]
        for number, component in enumerate(components):
            columns = columns_of(component)
            here, apart = np.abs(expected[:, columns]), np.abs(actual[:, columns] - expected[:, columns])
            largest[number] = np.maximum(largest[number], here.max())  # unlike max(), it keeps what is not a number
            difference[number] = np.maximum(difference[number], apart.max())
    shares = difference / np.where(largest == 0, 1.0, largest)
    for share, component in zip(shares, components):
        if not share <= allowed:
            raise UserError(
                f"the exported model differs from PyTorch in target {component['name']!r} by {share:.1e} "
                f"of its largest value; at most {allowed:.0e} is allowed, so it was not written"
            )
    return float(shares.max())

"""From a work item to a data point: the generator's contract, the kinds of cooking, and what is kept of them."""

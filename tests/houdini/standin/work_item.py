"""A recording stand-in for the calls of a PDG work item that houdini/submit.py and its users make: Houdini is
proprietary and cannot run here.

The names and arguments are those of `pdg.WorkItem` and `pdgjson.WorkItem` (sidefx.com/docs/houdini/tops/jobapi.html).
"""


class WorkItem:
    def __init__(self, **attributes):
        self._attributes, self.outputs = attributes, []

    def attribValue(self, name):
        return self._attributes[name]

    def addOutputFile(self, path, tag="", hash_code=0, own=True):
        self.outputs.append((path, tag))

"""The simulated machines of the stand-in for HQueue."""

import dataclasses
import time


@dataclasses.dataclass
class Client:
    """A simulated machine.

    Attributes
    ----------
    id : int
    hostname, name : str
    cpus : int
    groups : list of str
    silent : bool
        Its heartbeats do not arrive, and no order reaches it.
    last_heartbeat : float
    """

    id: int
    hostname: str
    name: str
    cpus: int
    groups: list
    silent: bool = False
    last_heartbeat: float = dataclasses.field(default_factory=time.time)

    @property
    def label(self):
        return f"{self.hostname}:{self.name}" if self.name else self.hostname

    @classmethod
    def parse(cls, number, text):
        """Return the client that ``host[/name]:cpus[:group+group]`` describes.

        >>> Client.parse(1, "node1/big:8:gpu+linux").label
        'node1:big'
        """
        host, cpus, groups = [*text.split(":"), ""][:3]
        hostname, _, name = host.partition("/")
        return cls(number, hostname, name, int(cpus), groups.split("+") if groups else [])

    def meets(self, condition):
        """Return whether a job with this condition may run here."""
        own = {
            "hostname": [self.hostname],
            "hostname:name": [self.hostname, f"{self.hostname}:{self.name}"],
            "group": self.groups,
        }[condition["name"]]
        wanted = condition["value"].split(",") if condition["op"] in ("in", "not_in", "any") else [condition["value"]]
        found = any(value.strip() in own for value in wanted)
        return found is (condition["op"] in ("==", "in", "any"))

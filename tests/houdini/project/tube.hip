# A scene of the stand-in for hou (tests/houdini/standin/hou.py), not one of Houdini's: nodes, and what they cook.
import math


def bent_tube(value):
    """A tube of 4 rings along y, bent by an angle in degrees."""
    angle, radius = math.radians(value("/obj/tube/bend/angle")), value("/obj/tube/tube1/rad")
    points = []
    for ring in range(4):
        turn = angle * ring / 3
        for side in range(6):
            x, z = radius * math.cos(side * math.pi / 3), radius * math.sin(side * math.pi / 3)
            points += [x * math.cos(turn) + ring * math.sin(turn), ring * math.cos(turn) - x * math.sin(turn), z]
    return {"point": {"P": (points, 3)}, "detail": {"volume": ([3 * math.pi * radius**2], 1)}}


node("/obj/tube/tube1", rad=0.5)
node("/obj/tube/bend", angle=0.0)
node("/obj/tube/OUT", cook=bent_tube)

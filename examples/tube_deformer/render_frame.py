"""Render one frame of an unseen animation: solver, linear blend skinning and model side by side.

After ./geokiln predictions/all.npz:
    .venv-test/bin/python examples/tube_deformer/render_frame.py --unseen sway --frame 11 docs/tube_deformer.png
"""

import argparse
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LightSource
from mpl_toolkits.mplot3d.art3d import Poly3DCollection

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

import generator

WORST = 0.2  # metres of error at the end of the colour scale
COLOURS = "YlOrRd"


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--unseen", default="sway", help="name of the animation")
    parser.add_argument("--frame", type=int, default=11)
    parser.add_argument("output", help="the picture to write")
    args = parser.parse_args(argv)

    unseen = np.load(f"unseen/{args.unseen}.npz")
    predicted = np.load(f"predictions/{args.unseen}.npz")["displacement"][args.frame]
    skinned = generator.skin(unseen["input/rotation"][args.frame])
    solved = skinned + unseen["target/displacement"][args.frame]
    figure = plt.figure(figsize=(12, 3.9), dpi=110)
    panels = {"solver (truth)": solved, "linear blend skinning": skinned, "model": skinned + predicted}
    for number, (title, vertices) in enumerate(panels.items(), 1):
        axes = figure.add_subplot(1, 3, number, projection="3d")
        error = np.linalg.norm(vertices - solved, axis=1)
        shaded = draw(axes, vertices, error)
        rms = np.sqrt(np.mean(error**2)) * 1000
        axes.set_title(title if number == 1 else f"{title}\nRMS vertex error {rms:.1f} mm", fontsize=11)
    figure.subplots_adjust(left=0, right=0.9, top=0.84, bottom=0, wspace=0)
    bar = figure.colorbar(shaded, cax=figure.add_axes([0.92, 0.15, 0.012, 0.65]))
    bar.set_label("vertex error (m)")
    figure.savefig(args.output)


def draw(axes, vertices, error):
    """Draw the tube's surface, coloured by the vertex error (n_vertices,)."""
    faces = generator.surface()[:, ::-1]
    colours = matplotlib.colormaps[COLOURS](error[faces].mean(1) / WORST)
    corners = vertices[faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    light = LightSource(azdeg=200, altdeg=55).shade_normals(normals / np.linalg.norm(normals, axis=1)[:, None], 0.8)
    colours[:, :3] *= (0.45 + 0.55 * light)[:, None]
    axes.add_collection3d(Poly3DCollection(corners, facecolors=colours, edgecolors=(0, 0, 0, 0.15), linewidths=0.3))
    axes.set(xlim=(0, 3.4), ylim=(-1.7, 1.7), zlim=(-2, 1.4))
    axes.set_box_aspect((1, 1, 1), zoom=1.4)
    axes.view_init(elev=25, azim=-70)
    axes.set_axis_off()
    return matplotlib.cm.ScalarMappable(matplotlib.colors.Normalize(0, WORST), COLOURS)


if __name__ == "__main__":
    main()

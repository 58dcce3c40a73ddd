"""Write the basis of a target as geometry: its mean and principal components, a shape after the other."""

import argparse
from pathlib import Path

from geokiln.errors import script
from geokiln.export.basis_shapes import basis_shapes, check_components, write_shapes
from geokiln.storage.arrays import read_arrays
from geokiln.storage.files import filled, written
from geokiln.storage.results import made_from, read_result, write_result
from geokiln.storage.tables import kind_of
from geokiln.wedges.ranking import chosen_wedge


@script
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wedge", help="name of the wedge; without it, the first of --ranking")
    parser.add_argument("--ranking", nargs=2, help="wedges.csv and .json")
    parser.add_argument("--result", required=True, help="training.json; {wedge} in the path stands for the wedge")
    parser.add_argument("--basis", required=True, help="basis.npz; {recipe} stands for the wedge's preprocessing")
    parser.add_argument("--examples", required=True, help="dataset/examples.json, which names the targets")
    parser.add_argument("--target", required=True, help="name of the target")
    parser.add_argument("--plan", default="", help="what identifies the job's plan, to record")
    parser.add_argument("--output", required=True, help="the .geo file to write")
    parser.add_argument("--about", required=True, help="the .json to write: wedge, target, number of shapes")
    args = parser.parse_args(argv)

    with written(args.output, args.about) as (output, about):
        wedge = args.wedge or chosen_wedge(*args.ranking)[0]
        path = filled(args.result, wedge=wedge)
        origin = made_from(args.plan, [path if args.wedge else args.ranking[1], args.examples])
        recipe = read_result(path)["recipe"]
        check_components(wedge, recipe)
        basis = read_arrays(filled(args.basis, recipe=recipe["name"]))
        targets = kind_of(read_result(args.examples)["components"], "target")
        geometry = basis_shapes(basis, targets, args.target)
        write_shapes(output, geometry)
        shapes = 1 + len(basis["basis"])
        told = {"wedge": wedge, "recipe": recipe["name"], "target": args.target, "shapes": shapes}
        told["points_per_shape"] = len(geometry.points) // shapes
        write_result(about, told, origin, {Path(args.output).name: output})
    print(f"{wedge} -> {args.output}; the mean and {shapes - 1} components of {told['points_per_shape']} points each")


if __name__ == "__main__":
    main()

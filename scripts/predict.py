"""Apply model.onnx to one unseen input; where its ground truth is there, judge the model by it."""

import argparse
from pathlib import Path

from geokiln.errors import UserError, script
from geokiln.prediction.judging import judge, report
from geokiln.prediction.onnx_model import Model
from geokiln.storage.arrays import open_arrays, write_arrays
from geokiln.storage.files import written
from geokiln.storage.results import check_vouched, made_from, read_result, write_result
from geokiln.storage.tables import Table


@script
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, nargs=2, help="model.onnx and its .json")
    parser.add_argument("--unseen", required=True, help="unseen/{unseen}.npz: inputs, perhaps targets and baseline")
    parser.add_argument("--cook-report", required=True, help="unseen/{unseen}.json: seconds of cooking")
    parser.add_argument("--examples", required=True, nargs=2, help="dataset/examples.raw and .json, for simple answers")
    parser.add_argument("--plan", default="", help="what identifies the job's plan, to record")
    parser.add_argument("--predictions", required=True, help="predictions/{unseen}.npz to write")
    parser.add_argument("--errors", required=True, help="predictions/{unseen}.json to write")
    args = parser.parse_args(argv)

    with written(args.predictions, args.errors) as (predictions, errors):
        check_vouched(*args.model)
        origin = made_from(args.plan, [args.model[1], args.cook_report, args.examples[1]])
        unseen, model = open_arrays(args.unseen, check=True), Model(args.model[0])
        if not len(unseen["id"]):
            raise UserError(f"{args.unseen}: every item was left out, so there is nothing to predict")
        inputs = model.flat_inputs(unseen, args.unseen)
        outputs, seconds = model.run(inputs, predictions.parent)
        cooked = read_result(args.cook_report)
        judged = judge(model, inputs, outputs, unseen, Table(*args.examples))
        times = {"model": seconds}
        if "seconds" in cooked:  # nothing was cooked of an unseen input that comes from a file of examples
            times["cook"] = cooked["seconds"]["total"] / cooked["items"]
        write_arrays(predictions, {"id": unseen["id"], **model.named_outputs(outputs)})
        document = {"ids": unseen["id"].tolist(), "seconds_per_item": times, "errors": judged}
        write_result(errors, document, origin, {Path(args.predictions).name: predictions})
    print(report(judged, times))


if __name__ == "__main__":
    main()

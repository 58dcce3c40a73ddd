import json

import pytest

from geokiln.storage.results import read_result
from list_batches import main


@pytest.mark.parametrize(
    ("granularity", "size", "batches", "parts"),
    [
        ("batch", "2", ["0-1", "2-3", "4-5"], ["batches/0-1", "batches/2-3", "batches/4-5"]),
        ("batch", "auto", ["0-3", "4-7"], ["batches/0-3", "batches/4-7"]),
        ("point", "4", ["0-3", "4-7"], [f"data_points/{point}" for point in range(5)]),
        ("whole", "4", ["0-3", "4-7"], ["batches/whole"]),
    ],
)
def test_the_manifest_names_the_batches_and_what_the_dataset_is_merged_from(granularity, size, batches, parts, write):
    write("work_items/items.json", json.dumps({"items": 5, "digest": "d"}))
    sizes = ["--granularity", granularity, "--batch-size", size]

    main(["--sidecar", "work_items/items.json", *sizes, "--manifest", "work_items/manifest.json"])

    assert read_result("work_items/manifest.json") == {"items": 5, "batches": batches, "parts": parts}

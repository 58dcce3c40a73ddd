"""A job that cooks a batch: it finds in the store what was cooked before, cooks the rest, and publishes both.

Nothing heavy is imported before it is known that something must be cooked.
"""

import json
import shutil
from pathlib import Path

from geokiln.cooking.batch_folder import commands_folder, removed_at_the_end
from geokiln.cooking.context import cook_context, kept_context, why_cooked
from geokiln.storage.digests import check_planned
from geokiln.storage.files import locked, read_json, signature, watch, write_json, written
from geokiln.storage.fingerprints import fingerprint
from geokiln.storage.npz_headers import array_headers
from geokiln.storage.results import made_from, write_result
from geokiln.storage.sources import closure
from geokiln.storage.store import STORE, Store
from geokiln.work_items.batches import batch_key
from geokiln.work_items.item_table import id_attribute_of, read_digests, read_items, with_identity


def run_batch_job(
    table,
    rows,
    generator,
    generator_inputs,
    parameters,
    command,
    environment,
    parts,
    data_points,
    report,
    recooked=0,
    invalid="fail",
    failed="fail",
    items_per_call=1024,
    time_limit=None,
    geometry=(),
    planned=None,
    sidecar=None,
    plan="",
):
    """Make *data_points* and *report* of some work items, and return a line that says what was done.

    Parameters
    ----------
    table : path
        ``work_items/items.npz``.
    rows : range or None
        Which of them; None: all.
    generator, generator_inputs : path, list of paths
        The user's Python file, and files that it reads.
    parameters : dict
        ``generator.parameters``.
    command : dict
        ``generator.command``; its ``words`` are None if the generator's functions cook.
    environment : str
        Name of the environment, part of the fingerprint.
    parts : list of str
        What is cooked: ``inputs``, ``targets``, ``baseline``.
    data_points, report : path
        The .npz, and the .json that speaks for it: digest, counts, seconds.
    recooked : int
        How often everything was to be cooked anew.
    invalid, failed : str
        What becomes of items with values that are not finite, and of items that failed: ``fail`` or ``drop``.
    items_per_call : int
        Of ``cook_batch(items)``, at most.
    time_limit : float, optional
        Seconds that the generator's functions may take for one item.
    geometry : list of path
        The files that the items were imported from, where items bring their own geometry.
    planned : str, optional
        Digest of the generator and its inputs, as the run was planned.
    sidecar : path, optional
        What speaks for these rows of the table.
    plan : str
        What identifies the job's plan, to record.

    Raises
    ------
    UserError
        See `geokiln.cooking.cook_batch.cook_batch`; what was cooked is kept.
    """
    context_file = STORE / "contexts" / report  # of the last run, to say why something was cooked
    with locked(data_points), written(context_file) as new_context_file:
        files = [*closure(generator), *generator_inputs]
        unchanged = watch(files)
        check_planned(files, planned)
        made_by = [command["words"], command["outputs"]]
        context = cook_context(generator, generator_inputs, parameters, environment, parts, made_by, recooked)
        digests = read_digests(table, rows)
        kept_in = kept_context(context, generator_inputs)
        store = Store(f"data_points/{kept_in}")
        id_attribute = id_attribute_of(array_headers(table))
        key, policy = batch_key(digests, with_identity(invalid, id_attribute)), _policy(command)
        folder = commands_folder(report)
        if store.is_whole(key) and _still_holds(store.folder / key / "report.json", policy):
            shutil.rmtree(folder, ignore_errors=True)  # a kill may have spared it
            line = f"0 cooked, {len(digests)} reused: no item of this batch changed"
        else:
            items = read_items(table, rows.start if rows else 0, len(digests), geometry)
            from geokiln.storage.audit import audited

            with audited("cook", generator, generator_inputs, [table, *geometry]) as covered:
                # What a killed job left counts only if no file was written since: it may have been another for a time.
                answers = folder / f"{kept_in}-{fingerprint([signature(file) for file in files])[:8]}"
                cook = _prepared(generator, time_limit, parameters, parts, command, items_per_call, answers)
                covered()  # before a week of cooking, and again whenever something is kept
                left_out = invalid == "drop", failed == "drop"
                with removed_at_the_end(folder):
                    done = cook(items, digests, key, store, *left_out, lambda: (unchanged(), covered()), policy)
            key = done["key"]
            why = f": {why_cooked(read_json(context_file), context)}" if context_file.exists() else ""
            left_out = "".join(f", {done[what]} {what}" for what in ("dropped", "failed") if done[what])
            line = f"{done['cooked']} cooked, {done['reused']} reused{left_out}{why if done['cooked'] else ''}"
        write_json(new_context_file, context)
        store.publish(key, {"rows.npz": data_points, "report.json": report})
        origin = made_from(plan, [sidecar] if sidecar else [])
        with written(report) as output:
            write_result(output, read_json(report), origin, {Path(data_points).name: data_points})
    return line


def _policy(command):
    """Return what decides which items are dropped, beside the items and the code: exit codes of a command."""
    if not command["words"]:
        return ""
    return json.dumps(sorted(code for code, action in command["exit_codes"].items() if action == "drop"))


def _still_holds(report, policy):
    """Whether a kept batch need not be asked again: nothing was dropped, or it would be dropped today as well."""
    report = read_json(report)
    return not report["dropped"] or report.get("policy", "") == policy


def _prepared(generator, time_limit, parameters, parts, command, items_per_call, folder):
    """Return the function that cooks a batch, once the user's ``setup`` was called."""
    import numpy as np

    from geokiln.cooking.cook_batch import cook_batch
    from geokiln.cooking.generator import Generator
    from geokiln.cooking.kinds import cook_kind

    generator = Generator(generator, time_limit)
    generator.setup(parameters)
    kind = cook_kind(generator, parameters, parts, command, items_per_call, folder)

    def cook(items, digests, key, store, *policy):
        for name, reason in items.no_inputs.items() if kind.default_inputs else ():
            print(f"attribute {name!r} {reason}, so it is no input of the model; inputs(item) may say otherwise")
        table = np.frombuffer(b"".join(digests), np.uint64).reshape(-1, 2)
        return cook_batch(items, table, key, kind, store, *policy)

    return cook

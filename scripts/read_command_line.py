"""Print what Snakemake's own parser reads in a command line: executor, folder, targets, whether it cooks; as JSON.

The launcher asks in Snakemake's environment. The parser looks at flags, profiles and SNAKEMAKE_PROFILE. The executor's
plugin is in another environment, so a name and flags that only it knows are let pass.
"""

import argparse
import contextlib
import io
import json
import re
import sys
from pathlib import Path

from snakemake import cli
from snakemake.exceptions import CliException, WorkflowError
from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry

from geokiln.errors import UserError, near_match, script
from geokiln.planning.dataset_source import cooks

CHECKOUT = Path(__file__).parents[1]
PROFILES = CHECKOUT / "profiles"


@script
def main(argv=None):
    farms = sorted(path.name for path in PROFILES.iterdir() if path.name != "default")
    args, missing = parse(sys.argv[1:] if argv is None else argv)
    if missing:
        raise UserError(f"--workflow-profile {missing}: there is no such profile; {near_match(missing, farms)}")
    executor = args and args.executor
    if executor and executor not in [*farms, *ExecutorPluginRegistry().plugins]:
        plugin = f"snakemake-executor-plugin-{executor}"
        raise UserError(f"executor {executor}: {plugin} is not installed; {near_match(executor, farms)}")
    folder, targets = (str(args.directory or "."), sorted(args.targets)) if args else (".", [])
    given = [getattr(args, name, None) or [] for name in ("configfile", "config")]
    cooked = cooks(folder, *given, CHECKOUT)
    print(json.dumps({"executor": executor, "folder": folder, "targets": targets, "cooks": cooked}))


def parse(argv):
    """Return what is parsed (None: nothing can be), and a workflow profile that is not there.

    Snakemake by itself goes on without such a profile, and does not say so.
    """
    found, make_parser = [], cli.get_argument_parser

    def make_lenient_parser(profiles=None):
        found[:] = profiles or []
        parser = make_parser(profiles)
        next(action for action in parser._actions if action.dest == "executor").choices = None
        parser.parse_args = lambda argv: parser.parse_known_args(argv)[0]
        return parser

    cli.get_argument_parser = make_lenient_parser
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            _, args = cli.parse_args(argv)
    except (CliException, WorkflowError, SystemExit):  # a mistake, or --help: Snakemake itself will tell
        for file in [Path(profile) for profile in found]:  # a profile has flags of a plugin that is not here
            files = sorted(file.glob("*.yaml")) if file.is_dir() else [file] if file.is_file() else []
            named = [re.search(r"^executor:\s*[\"']?([\w-]+)", one.read_text(), re.M) for one in files]
            for executor in filter(None, named):
                return argparse.Namespace(executor=executor[1], directory=None, targets=[]), None
        return None, None
    finally:
        cli.get_argument_parser = make_parser
    asked = args.workflow_profile if args.workflow_profile != "none" else None
    return args, asked if asked and len(found) == len(args.profile or []) else None


if __name__ == "__main__":
    main()

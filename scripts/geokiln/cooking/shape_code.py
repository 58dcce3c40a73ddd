"""Which functions of a generator say how results look, and count for no cook: `shape`, and what it alone uses."""

import ast
import re

ARGUMENTS = ["item", "targets"]
CALLED = (  # by Geokiln, whoever else does
    *("cook", "inputs", "baseline", "cook_batch", "inputs_batch", "baseline_batch"),
    *("geometry", "unseen", "setup", "attributes", "read_outputs"),
)
CACHE = r"(functools\.)?(cache|lru_cache(\(.*\))?)"
# What asks for these may use any function.
BY_ANY_NAME = (
    "globals",
    "vars",
    "locals",
    "dir",
    "exec",
    "eval",
    "getmembers",
    "__dict__",
    "modules",
    "import_module",
    "__import__",
)


def without_shape(tree):
    """Return the syntax tree of a generator without ``shape(item, targets)`` and the functions that only it uses.

    The tree stays as it is where anything else uses ``shape``, or may use it by a name that only running it would tell.
    """
    uses = {statement: _names_in(statement) for statement in tree.body}
    plain = [statement for statement in tree.body if _is_plain(statement) and statement.name not in CALLED]
    shape = {one for one in plain if one.name == "shape" and [each.arg for each in one.args.args] == ARGUMENTS}
    if len(shape) != 1 or set().union(*uses.values()).intersection(BY_ANY_NAME):
        return tree
    apart, before = shape, None
    while apart != before:  # what shape calls, what that calls ...
        before, called = apart, set().union(*(uses[one] for one in apart))
        apart = shape | {one for one in plain if one.name in called}
    before = None
    while apart != before:  # ... but for what others use as well
        before = apart
        apart = {one for one in apart if not {user for user in uses if one.name in uses[user]} - apart}
    if not shape <= apart:
        return tree
    return ast.Module([statement for statement in tree.body if statement not in apart], tree.type_ignores)


def _is_plain(statement):
    """Whether a statement is a function whose definition does nothing else: no default, no decorator but a cache."""
    if not isinstance(statement, ast.FunctionDef) or statement.args.defaults or any(statement.args.kw_defaults):
        return False
    return all(re.fullmatch(CACHE, ast.unparse(one)) for one in statement.decorator_list)


def _names_in(statement):
    """Return the names that a statement uses, binds by other means than ``def``, or may mean by a text."""
    names = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names.add(node.value)
        elif isinstance(node, ast.Attribute) and node.attr != "shape":  # most arrays are asked for that
            names.add(node.attr)
        elif isinstance(node, ast.alias):
            names.add(node.asname or node.name)
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            names.update(node.names)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)) and node is not statement:
            names.add(node.name)
    return names

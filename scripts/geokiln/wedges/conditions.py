"""Conditions on hyperparameters, as users write them under ``skip``: a small part of Python, evaluated without it."""

import ast
import operator

from geokiln.errors import UserError, near_match

COMPARISONS = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda value, values: operator.contains(_list(values), value),
    ast.NotIn: lambda value, values: not operator.contains(_list(values), value),
}
ARITHMETIC = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
CONSTANTS = {"true": True, "false": False, "null": None}  # as YAML writes them
ALLOWED = "comparisons, and, or, not, in, + - * /, numbers, texts, lists and hyperparameters"


def condition(text, names):
    """Return a function that says of a dict of values, one for each of *names*, whether the condition *text* holds.

    >>> skip = condition("hidden_layers == 1 and hidden_width > 128", ["hidden_layers", "hidden_width"])
    >>> skip({"hidden_layers": 1, "hidden_width": 256}), skip({"hidden_layers": 2, "hidden_width": 256})
    (True, False)

    Raises
    ------
    UserError
        If it cannot be read, if it holds more than comparisons, ``and``, ``or``, ``not``, ``in``, ``+ - * /``, numbers,
        texts, lists and names, or if a name is unknown. The function raises it for values that do not compare.
    """
    try:
        tree = ast.parse(" ".join(text.split("\n")).strip(), mode="eval").body
        _check(tree, names)
    except SyntaxError as error:
        raise UserError(f"{text!r} cannot be read: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError):
        raise UserError(f"{text[:40]!r}... cannot be read") from None

    def holds(values):
        result = _value(tree, values)
        if not isinstance(result, bool):
            raise UserError(f"{text!r} gives {result!r}, neither true nor false; compare it with something")
        return result

    return holds


def _check(node, names):
    """Refuse all that `_value` does not evaluate."""
    if isinstance(node, ast.Name):
        if node.id not in names and node.id not in CONSTANTS:
            near = near_match(node.id, names)
            hint = near if near.startswith("did") else f"a text stands in quotes, '{node.id}'"
            raise UserError(f"{node.id} is no hyperparameter; {hint}")
        return
    allowed = (
        (isinstance(node, ast.Constant) and isinstance(node.value, (int, float, str, type(None))))
        or isinstance(node, (ast.BoolOp, ast.List, ast.Tuple))
        or (isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub, ast.UAdd)))
        or (isinstance(node, ast.Compare) and all(type(sign) in COMPARISONS for sign in node.ops))
        or (isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC)
    )
    if not allowed:
        raise UserError(f"{ast.unparse(node)} is not allowed in a condition; it takes {ALLOWED}")
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            _check(child, names)


def _value(node, values):
    """Return the value of a checked expression."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return values[node.id] if node.id in values else CONSTANTS[node.id]
    if isinstance(node, (ast.List, ast.Tuple)):
        return [_value(element, values) for element in node.elts]
    if isinstance(node, ast.BoolOp):
        until = isinstance(node.op, ast.Or)
        for operand in node.values:
            result = _value(operand, values)
            if bool(result) == until:
                break
        return result
    if isinstance(node, ast.UnaryOp):
        operand = _value(node.operand, values)
        if isinstance(node.op, ast.Not):
            return not operand
        return _computed(node, operator.neg if isinstance(node.op, ast.USub) else operator.pos, operand)
    if isinstance(node, ast.BinOp):
        operands = _value(node.left, values), _value(node.right, values)
        return _computed(node, ARITHMETIC[type(node.op)], *operands)
    return _compared(node, values)


def _compared(node, values):
    left = _value(node.left, values)
    for sign, operand in zip(node.ops, node.comparators):
        right = _value(operand, values)
        try:
            if not COMPARISONS[type(sign)](left, right):
                return False
        except TypeError:
            raise UserError(f"{ast.unparse(node)} cannot be told of {left!r} and {right!r}") from None
        left = right
    return True


def _computed(node, function, *operands):
    if not all(type(operand) in (int, float) for operand in operands):  # 'a' * 1000000000 is none of these
        raise UserError(f"{ast.unparse(node)} cannot be computed of {', '.join(map(repr, operands))}")
    try:
        return function(*operands)
    except ArithmeticError as error:
        raise UserError(f"{ast.unparse(node)}: {error}") from None


def _list(values):
    if not isinstance(values, list):
        raise TypeError
    return values

"""What a value of the config violates, in sentences: its path, and what would be right."""

import copy
import math

import jsonschema

from geokiln.config.yaml_values import reads_as_number
from geokiln.errors import near_match

# 8.0 is no integer here: it would be handed on as a float.
VALIDATOR = jsonschema.validators.extend(
    jsonschema.Draft202012Validator,
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int),
)


def without_violations(config, schema, shipped):
    """Return a copy of a config in which what violates the schema has its *shipped* value, to be checked further."""
    config = copy.deepcopy(config)
    for error in list(VALIDATOR(schema).iter_errors(config)):
        path, known = list(error.absolute_path), error.schema.get("properties", {})
        if error.validator == "additionalProperties":
            _remove_unknown(config, path, known)
        elif error.validator == "required":
            path.append(next(key for key in error.validator_value if key not in error.instance))
            _put_back(config, shipped, path)
        else:
            _put_back(config, shipped, path)
    return config


def _remove_unknown(config, path, known):
    for part in path:
        if not isinstance(config, dict) or part not in config:
            return  # it went with another mistake
        config = config[part]
    for key in [key for key in config if key not in known]:
        del config[key]


def _put_back(config, shipped, path):
    """Set the key at *path* to what is shipped; remove its entry of ``unseen``, or all wedges, where nothing can be."""
    if path[:1] == ["wedges"]:
        config["wedges"] = {}
    elif path[:1] == ["unseen"]:
        config["unseen"] = {} if len(path) == 1 else {k: v for k, v in config["unseen"].items() if k != path[1]}
    else:
        *parents, key = [part for part in path if isinstance(part, str)][: _depth(shipped, path)]
        for part in parents:
            config, shipped = config[part], shipped[part]
        config[key] = copy.deepcopy(shipped[key])


def _depth(shipped, path):
    """Return how many keys of a path the shipped config has."""
    depth = 0
    for part in path:
        if not isinstance(shipped, dict) or part not in shipped:
            break
        shipped, depth = shipped[part], depth + 1
    return depth


def odd_values(value, where=""):
    """Yield a sentence for each key that is no text, and each number that is not finite or too large, however deep."""
    if isinstance(value, dict):
        for key, one in value.items():
            path = f"{where}.{key}" if where else str(key)
            if not isinstance(key, str):  # 2024: is a number, on: is true
                yield f"{path}: YAML does not read this key as a text; put it in quotes"
            yield from odd_values(one, path)
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from odd_values(one, f"{where}[{number}]")
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"{where}: {value} is no finite number"
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        yield f"{where}: {value} is no number of 64 bits; put it in quotes if it is a text"


def violations(value, schema, where=""):
    """Return a sentence for each violation of the schema; *where* is the path of the value itself."""
    return [sentence for error in VALIDATOR(schema).iter_errors(value) for sentence in _sentences(error, where)]


def reasons(value, schema):
    """Return what is wrong with a value that has no path of its own, such as one of a list of values to try."""
    return [_reason(error) for error in VALIDATOR(schema).iter_errors(value)]


def _sentences(error, where):
    """Return the sentences for one violation, each with the path of its key: ``wedges[2].count``."""
    for part in error.absolute_path:
        where += f"[{part}]" if isinstance(part, int) else f".{part}" if where else str(part)
    prefix = f"{where}." if where else ""
    if error.validator == "additionalProperties":
        known = error.schema["properties"]
        return [f"{prefix}{key}: unknown key; {near_match(key, known)}" for key in error.instance if key not in known]
    if error.validator == "required":
        return [f"{prefix}{key}: missing; {error.schema['properties'][key]['description']}"
                for key in error.validator_value if key not in error.instance]  # fmt: skip
    return [f"{where}: {_reason(error)}"]


def _reason(error):
    value = error.instance
    if error.validator == "type":
        kinds = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
        hint = ""
        if isinstance(value, str) and {"number", "integer"} & set(kinds) and reads_as_number(value):
            hint = " (a text; take it out of its quotes)"
        if isinstance(value, float) and value.is_integer() and "integer" in kinds:
            hint = f" (write {value:.0f})"
        if type(value) in (int, float) and "string" in kinds:
            hint = ' (a number; put it in quotes, as in "2.10")'
        return f"{value!r} is not {' or '.join(_with_article(kind) for kind in kinds)}{hint}"
    if error.validator == "enum":
        return f"{value!r} is unknown; {near_match(value, error.validator_value)}"
    if error.validator == "minimum":
        return f"{value} is too small; at least {error.validator_value}"
    if error.validator == "exclusiveMinimum":
        return f"{value} is too small; it must be above {error.validator_value}"
    if error.validator in ("maximum", "exclusiveMaximum"):
        bound = "at most" if error.validator == "maximum" else "it must be below"
        return f"{value} is too large; {bound} {error.validator_value}"
    if error.validator == "not":
        return f"{error.instance!r} is taken; choose another name"
    if error.validator == "propertyNames" or (error.validator == "pattern" and "Z" in error.validator_value):
        ending = ", and may end in .geo, .bgeo, .bgeo.sc or .npz" if "npz" in str(error.validator_value) else ""
        return f"{error.instance!r}: a name is made of letters, digits, '-' and '_'{ending}"
    if error.validator in ("pattern", "anyOf"):
        return f"{error.instance!r} is not what it takes: {error.schema['description']}"
    if error.validator in ("minItems", "maxItems") and error.validator_value > 1:
        return f"{error.instance!r} has {len(error.instance)} values; it takes {error.validator_value}"
    if error.validator in ("minItems", "minProperties"):
        return "is empty; at least one is needed"
    return error.message


def _with_article(kind):
    names = {"object": "a section of keys", "array": "a list", "boolean": "true or false", "string": "a text"}
    names["null"] = "null (nothing)"
    return names.get(kind, f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}")

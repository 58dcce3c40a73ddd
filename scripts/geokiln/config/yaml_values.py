"""YAML as configs are written in it: plain values, numbers as YAML 1.2 has them, no key twice, and bounded.

PyYAML reads YAML 1.1, where 1e-3 is a text, 010 is 8 and 1:30 is 90. Numbers with an exponent are numbers here. What
means one thing to YAML 1.1 and another to YAML 1.2 is refused, so no value changes its meaning unnoticed.
"""

import re

import yaml

from geokiln.errors import UserError

LARGEST = 8_000_000  # characters of a text; a config is read at each start
DEEPEST = 100  # sections and lists within each other
MOST_VALUES = 1_000_000  # with every alias written out

TAG = "tag:yaml.org,2002:"
MERGE, AMBIGUOUS_TAG = TAG + "merge", TAG + "ambiguous"
PLAIN = [TAG + kind for kind in ("null", "bool", "int", "float", "str", "seq", "map")]
INT = re.compile(r"[-+]?(?:0|[1-9][0-9_]*|0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+)$")
FLOAT = re.compile(
    r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?|[0-9][0-9_]*[eE][-+]?[0-9]+)$"
    r"|[-+]?\.(?:inf|Inf|INF)$|\.(?:nan|NaN|NAN)$"
    r"|NaN$|-?Infinity$"  # as JSON's writers have them
)
AMBIGUOUS = re.compile(  # octal or padded, and numbers to the base of 60
    r"[-+]?(?:0[0-9_]+|[1-9][0-9_]*(?::[0-5]?[0-9])+|[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*)$"
)


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # libyaml's is faster
    """Makes plain values alone."""

    yaml_implicit_resolvers = {}
    yaml_constructors = {tag: yaml.SafeLoader.yaml_constructors[tag] for tag in [*PLAIN, None]}
    depth = 0

    def descend_resolver(self, parent, index):
        self.depth += 1
        if self.depth > DEEPEST:
            raise yaml.composer.ComposerError(None, None, f"more than {DEEPEST} lists and sections within each other")

    def ascend_resolver(self):
        self.depth -= 1


for tag, resolvers in (("int", INT), ("float", FLOAT), ("ambiguous", AMBIGUOUS)):
    Loader.add_implicit_resolver(TAG + tag, resolvers, list("-+.0123456789NI"))
for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items():
    for tag, resolver in resolvers:
        if tag in (TAG + "bool", TAG + "null", TAG + "merge"):
            Loader.add_implicit_resolver(tag, resolver, [first])


def _scalar(convert, kind):
    """Return a constructor of scalars; what *convert* refuses is no *kind*."""

    def construct(loader, node):
        try:
            return convert(loader.construct_scalar(node))
        except (ValueError, KeyError):
            problem = f"{node.value[:40]!r} is no {kind}"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark) from None

    return construct


Loader.add_constructor(TAG + "bool", _scalar(lambda text: Loader.bool_values[text.lower()], "boolean"))
Loader.add_constructor(TAG + "int", _scalar(lambda text: int(text.replace("_", ""), 0), "number that fits"))
Loader.add_constructor(TAG + "float", _scalar(lambda text: float(re.sub(r"_|\.(?=[in])", "", text.lower())), "number"))


class TextLoader(Loader):
    """Leaves each value, but null, the text that it is written as."""

    yaml_implicit_resolvers = {
        first: [(tag, resolver) for tag, resolver in resolvers if tag in (TAG + "null", TAG + "merge")]
        for first, resolvers in Loader.yaml_implicit_resolvers.items()
    }


def reads_as_number(text):
    """Whether a text would be a number if it were not in quotes."""
    return bool(INT.match(text) or FLOAT.match(text))


def parse_yaml(text, where, loader=Loader):
    """Return the values in a text of YAML; None if it holds none.

    Parameters
    ----------
    text : str
    where : str
        What the text is of, for messages: ``config.yaml``.
    loader : type
        `Loader` or one derived from it.

    Raises
    ------
    UserError
        One that names the lines: of a mistake in the notation, of keys that stand twice. It also refuses a text that
        is too large or too deep, lists that hold themselves, and aliases that stand for more than fits into memory.
    """
    if len(text) > LARGEST:
        raise UserError(f"{where}: has more than {LARGEST // 1_000_000} MB; keep tables in files of generator.inputs")
    try:
        parser = loader(text)
        try:
            node = parser.get_single_node()
            if node is None:
                return None
            mistakes = {}
            if _count(node, "", {}, mistakes) > MOST_VALUES:
                raise UserError(f"{where}: has more than {MOST_VALUES} values, with all aliases written out")
            if mistakes:
                raise UserError("\n".join(f"{where}, {mistake}" for mistake in mistakes))
            return parser.construct_document(node)
        finally:
            parser.dispose()
    except yaml.YAMLError as error:
        raise UserError(_sentence(error, text, where)) from None


def _count(node, path, counts, mistakes):
    """Return how many values a node stands for; sentences on what is wrong in it become keys of *mistakes*."""
    if isinstance(node, yaml.ScalarNode):
        if node.tag == AMBIGUOUS_TAG:
            meaning = f"{path}: {node.value} is one number to some readers of YAML, another or a text to others"
            mistakes[f"line {_line(node)}: {meaning}; write the number plainly, or the text in quotes"] = None
        return 1
    if node not in counts:
        counts[node] = None  # while it is counted
        if isinstance(node, yaml.MappingNode):
            children = _keys_once(node, path, mistakes)
        else:
            children = [(f"{path}[{number}]", child) for number, child in enumerate(node.value)]
        counts[node] = 1 + sum(_count(child, where, counts, mistakes) for where, child in children)
    if counts[node] is None:
        raise yaml.composer.ComposerError(None, None, f"{path} holds itself by an alias", node.start_mark)
    return counts[node]


def _keys_once(node, path, mistakes):
    """Return path and node of each key and value of a section; what is merged in (<<) may have the same keys."""
    lines, children = {}, []
    for key, value in node.value:
        name = key.value if isinstance(key, yaml.ScalarNode) else "?"
        where = f"{path}.{name}" if path else name
        children += [(where, key), (where, value)]
        if name in lines and key.tag != MERGE:
            mistakes[f"line {_line(key)}: {where} stands twice, first in line {lines[name]}"] = None
        lines.setdefault(name, _line(key))
    return children


def _line(node):
    return node.start_mark.line + 1


def _sentence(error, text, where):
    mark = getattr(error, "problem_mark", None)
    line = f", line {min(mark.line, text.rstrip().count(chr(10))) + 1}" if mark else ""  # not one beyond the end
    if mark and text[mark.index : mark.index + 1] == "\t":
        return f"{where}{line}: a tab stands where YAML takes spaces alone"
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return f"{where}{line}: {problem.removeprefix('but ')}"

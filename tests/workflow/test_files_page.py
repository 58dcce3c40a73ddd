"""docs/files.md names every file that the rules make, with its rule, and no other."""

import re

from conftest import CHECKOUT


def outputs():
    """Rule -> the patterns of its outputs, as they stand in the rule files."""
    made = {}
    for path in sorted((CHECKOUT / "rules").glob("*.smk")):
        for block in re.split(r"(?m)^ *(?=use rule |rule |checkpoint )", path.read_text())[1:]:
            rule = re.match(r"(?:use rule \w+ as |rule |checkpoint )(\w+)", block).group(1)
            section = re.search(r"(?ms)^( *)output:\n(.*?)^\1\w", block)
            if section:
                text = section.group(2).replace("PROJECT.environments", '"{environments}"')
                text = re.sub(r'os\.path\.join\("(.+?)", "(.+?)", "(.+?)"\)', r'"\1/\2/\3"', text)
                text = re.sub(r'multiext\("(.+?)", "(.+?)", "(.+?)"\)', r'"\1\2" "\1\3"', text)
                made[rule] = set(re.findall(r'"([^"]+)"', text))
    return made


def described():
    """Rule -> the patterns of the table's rows that name it."""
    table, told = (CHECKOUT / "docs/files.md").read_text().split("| written by |\n")[1].split("\n\n")[0], {}
    for line in table.splitlines()[1:]:
        files, _, rules = (cell.strip() for cell in line.strip("|").split("|"))
        for rule in re.findall(r"\w+", rules):
            told.setdefault(rule, set()).update(re.findall(r"`([^`]+)`", files))
    return told


def test_the_page_names_each_file_with_the_rule_that_makes_it():
    made, told = outputs(), described()

    assert len(made) > 20 and told.keys() == made.keys()
    for rule in made:  # a row may name several rules, each of which makes some of its files
        assert made[rule] <= told[rule], rule
    assert set().union(*told.values()) == set().union(*made.values())

"""Tables of other programs, CSV and Parquet, through Apache Arrow: a row is an element, a column an attribute."""

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from geokiln.errors import UserError
from geokiln.formats.columns import array_of, meaning_of
from geokiln.formats.reading import library_reads, memory
from geokiln.storage.csv_headers import SEPARATORS, check_names, csv_names
from geokiln.storage.suffixes import suffix_of
from geokiln.storage.users_files import check_start


def read_table(path):
    """Return the columns of a table.

    Parameters
    ----------
    path : path
        A ``.parquet``, ``.csv`` (commas) or ``.tsv`` (tabs). The first row of the latter two names the columns.

    Returns
    -------
    dict
        Name -> array (n_rows,), or (n_rows, k) of lists of one length: integers, floats, truth values or texts.

        Numbers keep their width; those of a CSV are int64, uint64 or float64. A number that is missing is NaN, which
        makes floats of integers and of truth values; a missing text is empty. A column of a CSV holds numbers, or
        truth values (``true``, ``false``), if all its values are some; else all are texts. Dates and times are texts.

    Raises
    ------
    UserError
        If the file is missing, empty, damaged or not in UTF-8; if columns have no names, or the same; if rows differ
        in length; if a column holds neither numbers nor texts, or integers that would lose digits.
    """
    path = str(path)
    check_start(path)
    suffix = suffix_of(path).lower()
    with library_reads(path, "a table"):
        table = _read_csv(path, SEPARATORS[suffix]) if suffix in SEPARATORS else _read_parquet(path)
    columns = {}
    with library_reads(path, "a table", pa.ArrowException):
        for name, column in zip(table.column_names, table.columns):
            what = f"{path}: column {name!r}"
            columns[name] = array_of(meaning_of(column, what) if suffix in SEPARATORS else column, what)
    return columns


def _read_csv(path, separator):
    """Return a table of texts: what a column means is told from all of it."""
    names = csv_names(path)
    with open(path, "rb") as file:
        if sum(block.count(b'"') for block in iter(lambda: file.read(1 << 20), b"")) % 2:
            raise UserError(f"{path}: a quotation mark is not closed; one that belongs to a text is written twice")
    return pyarrow.csv.read_csv(
        path,
        read_options=pyarrow.csv.ReadOptions(use_threads=False),  # so that an error names its row
        parse_options=pyarrow.csv.ParseOptions(delimiter=separator, newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
    ).rename_columns([name.strip() for name in names])


def _read_parquet(path):
    schema = pyarrow.parquet.read_schema(path)
    check_names(schema.names, path)
    texts = [field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)]
    # As a dictionary, a text that a few bytes repeat a million times is one text.
    with pyarrow.parquet.ParquetFile(path, read_dictionary=texts) as file:
        groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
        parts = [group.column(number) for group in groups for number in range(group.num_columns)]
        if 8 * sum(part.num_values for part in parts) > memory():  # a list has more values than rows
            raise MemoryError
        return file.read()

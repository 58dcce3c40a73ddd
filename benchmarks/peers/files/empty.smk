"""Nothing to do: what Snakemake takes to start. (A rule without any file would be executed every time.)"""


rule all:
    input:
        "dataset.raw",

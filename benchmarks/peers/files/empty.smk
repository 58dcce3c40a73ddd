"""Nothing to do: what Snakemake takes to start."""


rule all:
    input:
        [],

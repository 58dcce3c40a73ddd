"""The logic behind the scripts, a wing for each stage. Never imports snakemake, parses no flags of scripts."""

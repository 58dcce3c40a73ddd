#!/bin/sh
# Prints running, success or failed for the Slurm job $1. Accounting (sacct) is not needed.
if answer=$(squeue --noheader --states=all --jobs="$1" --format=%T 2>&1); then
    state=$answer
elif echo "$answer" | grep -q "Invalid job id"; then
    state=      # ended longer ago than the site's MinJobAge
else
    state=RUNNING    # Slurm does not answer just now: ask again later
fi
case $state in
    COMPLETED) echo success ;;
    PENDING | RUNNING | CONFIGURING | COMPLETING | SUSPENDED | STOPPED | RESIZING | REQUEUED | SIGNALING | STAGE_OUT | REQUEUE_HOLD | REQUEUE_FED | RESV_DEL_HOLD | SPECIAL_EXIT)
        echo running ;;
    # What ended unseen is submitted again, and finds its work done.
    *) echo failed ;;
esac

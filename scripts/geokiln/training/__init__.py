"""Training wedges in packs: trainer, losses, optimizers, schedules, states to go on from."""

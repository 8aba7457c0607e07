"""Questions that have one structured answer, recognised without a model."""

"""Finetuning: the LightningModule, its Trainer, validation on people kept apart, and going on with a broken-off run."""

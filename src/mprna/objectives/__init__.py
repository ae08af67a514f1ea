"""What is corrupted, what is predicted and what is the loss: one file per pretraining objective."""

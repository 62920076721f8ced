"""What a fine-tune leaves in the activations of a model: the difference to its base, and how it reads."""

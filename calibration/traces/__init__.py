"""Small models and their fine-tunes, of which it is known what each fine-tune was about."""

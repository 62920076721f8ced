"""What is on this machine and what is missing, a check per file's part; none takes long, none raises."""

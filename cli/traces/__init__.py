"""What `seep traces` finds, prints and draws."""

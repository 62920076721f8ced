"""One file per revision, in the order that their `down_revision` says."""

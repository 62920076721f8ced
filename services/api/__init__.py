"""The results over HTTP: a process of its own, which reads the database and speaks to no broker."""

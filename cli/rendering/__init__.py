"""What commands print: tables, JSON, pictures, progress."""

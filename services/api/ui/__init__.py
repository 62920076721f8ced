"""The pages under /ui: results as a person looks at them, rendered here, without a script that they need."""

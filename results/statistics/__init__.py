"""The statistics of leak rates, as plain functions of numbers; knows nothing of runs, storage or the wire."""

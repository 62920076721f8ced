"""A run's jobs in few bytes."""

from zlib import crc32


def job_checksum(job_id: str) -> int:
    """32 bits of a job's id: a manifest with them says whether a job is of the run, and stays small."""
    return crc32(job_id.encode(errors="replace"))

"""Bulk API 2.0: jobs that load records from CSV (ingest) and that query them into CSV."""

"""The same reports on a running Dask cluster."""

"""The command line ``tongban``: one file per group of commands, thin over the services."""

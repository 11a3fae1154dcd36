"""Everything the desk keeps on disk: paths, settings, secrets, journal and recordings."""

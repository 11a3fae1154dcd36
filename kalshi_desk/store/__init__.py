"""Everything on disk: settings, paths, journal and recordings; only core records enter."""

"""``python -m kalshi_desk`` is ``kalshi-desk``."""

from kalshi_desk.cli.main import main

raise SystemExit(main())

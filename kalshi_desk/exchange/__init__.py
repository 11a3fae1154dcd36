"""The practice exchange: a second, independent reading of the exchange's documented rules.

What may enter this room: orders, accounts, books, market life cycles, the simulated crowd
and the server in front of them.  It shares only the value types of ``core.types`` with the
desk; fees, netting, ledger and order rules are its own, in ``Decimal``, so that the two
sides agreeing means something.  ``matching``, ``ledger``, ``fees``, ``lifecycle``, ``crowd``
and ``venue`` are pure and synchronous; ``server``, ``rest`` and ``stream`` are the thin shell.
"""

"""Does the news gate open by itself, and what is it worth: months of practice in virtual time.

``python -m tests.power --seeds 20`` runs the measurement, which is no part of the tests.
"""

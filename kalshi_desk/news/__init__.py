"""News from outside: feeds, cleaning, clusters, sentiment, matching, and what was learned."""

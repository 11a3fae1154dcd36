"""The screens Strategies, Risk, Portfolio and Lab; each is made when it is first shown."""

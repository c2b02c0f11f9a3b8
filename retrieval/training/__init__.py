"""Judgements become a new Model: held-out questions, recipes, the verdict. Imports no torch until a retrain runs."""

"""Who gets how many of the team's sales actions: the rule named ``score`` and the optimum."""

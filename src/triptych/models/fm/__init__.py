"""FM: a Bayesian factorisation machine over ids, histories, content, demographics and time."""

"""How good is it, and can the answer be trusted: splits, protocols, metrics, significance, audit."""

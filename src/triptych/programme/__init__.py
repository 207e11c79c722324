"""Programme: from scores to the list that is shown, and what was done to it on the way."""

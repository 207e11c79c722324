"""Items, clips and interactions, and the folder on disk that holds them."""

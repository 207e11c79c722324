"""The panel of seeing: what the pictures of a clip are like."""

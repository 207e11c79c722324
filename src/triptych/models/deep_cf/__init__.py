"""Deep collaborative filtering: networks of user and item factors, joined to what trailers show and sound like."""

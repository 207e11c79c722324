"""The trailer network: sequences of pictures become one vector that knows genres, ratings and trailers."""

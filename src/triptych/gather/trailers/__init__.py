"""Trailers: one clip for each item, fetched by yt-dlp from a list, with an account of every miss."""

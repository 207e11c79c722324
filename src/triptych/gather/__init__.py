"""What comes over the network: data sets, metadata, trailers."""

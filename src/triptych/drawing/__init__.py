"""Drawing: pages and charts as text, HTML and SVG. It knows numbers and words, nothing of what they are about."""

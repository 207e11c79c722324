"""What vectors of items hold, apart from how well they rank: correlations, overlaps of groups, maps, case studies."""

"""Studies: experiments as TOML files, run cell by cell, told with their plots."""

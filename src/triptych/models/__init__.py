"""What learns from interactions and scores items: controls, neighbours and, in time, everything else."""

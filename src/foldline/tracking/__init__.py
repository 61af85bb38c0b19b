"""What a run leaves behind for comparison."""

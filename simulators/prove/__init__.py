"""What proves, from outside, that the hub keeps its promises."""

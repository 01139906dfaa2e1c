"""What a hub and a package that adds to it know of each other. It imports neither of them, and both import it."""

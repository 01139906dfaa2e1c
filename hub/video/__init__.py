"""Who may see a room now, and the picture that ends when she may not."""

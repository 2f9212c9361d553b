"""What judges a request to a resource: token, proof, first use, details, and whether the session still lives."""

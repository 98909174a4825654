"""Ways to an access token, one module each, and the token."""

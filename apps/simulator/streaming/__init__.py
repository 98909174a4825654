"""Platform events: published over REST, kept for three days, delivered over CometD."""

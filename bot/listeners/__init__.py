"""A Slack payload in, one call of a service, blocks out."""

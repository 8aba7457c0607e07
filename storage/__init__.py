"""What the bot, the pipeline and the knowledge base keep: snapshots of accounts and the state of the bot."""

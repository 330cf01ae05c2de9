"""What happened: history and outbox in one table, and the relay that hands it on."""

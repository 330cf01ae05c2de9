"""Values that come from linked records, kept right when those change."""

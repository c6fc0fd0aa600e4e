"""What a letter costs: distributor's whole path against Postfix's own load generator, into the same sink."""

"""What did not arrive: found by number, by time or by a broker that forgot us, and asked for again."""

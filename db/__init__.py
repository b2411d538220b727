"""The stores: schema, migrations and the only SQL of the program."""

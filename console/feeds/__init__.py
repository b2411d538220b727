"""How things arrive: brokers, and the thread that makes what they bring durable."""

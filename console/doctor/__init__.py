"""What keeps, or will keep, this machine and its surroundings from serving, each with a remedy."""

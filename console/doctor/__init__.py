"""What keeps, or will keep, this machine and its surroundings from serving, with a remedy for each finding."""

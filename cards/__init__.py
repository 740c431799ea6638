"""The face: findings to cards. Pure."""

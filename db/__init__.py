"""The books on disk: the only floor that speaks SQL."""

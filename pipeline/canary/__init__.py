"""Trying a version out: watched beside the stable one, and withdrawn where it does worse."""

"""A small made-up world, told in many short texts (see scripts/make_world.py)."""

"""The process that runs env.py and the revision scripts: the only room that imports Alembic."""

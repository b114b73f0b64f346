"""The shape of a production database without its values: read from statistics, written as JSON, reproduced by seeding."""

from migration_checks.profile.interchange import from_json, read_file, to_json
from migration_checks.profile.reading import open_read_only, read_profile, shortcomings
from migration_checks.profile.values import Bucket, ColumnProfile, Common, NullGroup, NullPattern, Profile, Shape, TableProfile

__all__ = [
    "Bucket",
    "ColumnProfile",
    "Common",
    "NullGroup",
    "NullPattern",
    "Profile",
    "Shape",
    "TableProfile",
    "from_json",
    "open_read_only",
    "read_file",
    "read_profile",
    "shortcomings",
    "to_json",
]

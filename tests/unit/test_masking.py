"""SQL without its literals: no value is left, and names and placeholders are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration_checks.masking import masked


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 'it''s'", "SELECT '…'"),
        ("SELECT E'a\\'b', U&'d', B'01', x'ff'", "SELECT '…', '…', '…', '…'"),
        ("DO $$ BEGIN 'x' END $$", "DO '…'"),
        ("DO $q$ $$ 1 $$ $q$ LANGUAGE sql", "DO '…' LANGUAGE sql"),
        ("WHERE id = 12 AND x > 1.5e-3 AND y = .5 AND z = 0xFF", "WHERE id = … AND x > … AND y = … AND z = …"),
        ("UPDATE t1 SET a = $1, b = %(p_2)s, c = %s, d = :e", "UPDATE t1 SET a = $1, b = %(p_2)s, c = %s, d = :e"),
        ("SELECT \"it's 5\", 'x'", "SELECT \"it's 5\", '…'"),
        ("SELECT 1 -- 4111\nFROM t /* 4111 */", "SELECT …  \nFROM t  "),
        ("SELECT 'cut in the mid", "SELECT '…'"),
        ("DO $a$ cut", "DO '…'"),
    ],
)
def test_literals_go_and_the_shape_stays(sql: str, expected: str) -> None:
    """Texts in every notation of PostgreSQL, numbers and comments."""
    assert masked(sql) == expected


@given(value=st.text(alphabet=st.characters(exclude_characters="\0"), max_size=20))
def test_no_quoted_value_stays(value: str) -> None:
    """Whatever a text holds, quoted as PostgreSQL asks for, it is gone."""
    quoted = "'" + value.replace("'", "''") + "'"

    assert masked(f"SELECT {quoted}, b FROM t") == "SELECT '…', b FROM t"

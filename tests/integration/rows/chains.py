"""Upgrades as data: what each step of a chain does, and where the values of its last step must be found."""

from __future__ import annotations

from dataclasses import dataclass

USERS = """
CREATE TABLE users (id int PRIMARY KEY, name text, city text, note text, active bool, score numeric(6, 2));
INSERT INTO users
SELECT g, 'Name ' || g, 'City ' || g % 7, CASE WHEN g % 4 = 0 THEN NULL ELSE 'note ' || g END, g % 3 = 0, g * 1.5
FROM generate_series(1, 40) AS g;
"""

ITEMS = """
CREATE TABLE orders (id int PRIMARY KEY, who text);
CREATE TABLE items (id int PRIMARY KEY, order_id int REFERENCES orders ON DELETE CASCADE, sku text, qty int);
INSERT INTO orders SELECT g, 'who ' || g FROM generate_series(1, 12) AS g;
INSERT INTO items SELECT g, g % 12 + 1, 'sku-' || g, g % 5 FROM generate_series(1, 30) AS g;
"""


@dataclass(frozen=True)
class Upgrade:
    """`steps` are upgrades in order, named r1, r2, ...; `fates` what is said of the last one, as `words` puts it.

    `undo` takes the last step back, `acquitted` is what is said then.
    """

    name: str
    schema: str
    steps: tuple[str, ...]
    fates: tuple[str, ...] = ()
    undo: str = ""
    acquitted: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name


UPGRADES = (
    Upgrade("nothing disappears", USERS, ("ALTER TABLE users ADD extra int DEFAULT 1",)),
    Upgrade("filling NULL loses nothing", USERS, ("UPDATE users SET note = 'none' WHERE note IS NULL",)),
    Upgrade("another type of the same meaning", USERS, ("ALTER TABLE users ALTER score TYPE float8, ALTER id TYPE text",)),
    Upgrade("a renamed column", USERS, ("ALTER TABLE users RENAME note TO remark",)),
    Upgrade("a column dropped", USERS, ("ALTER TABLE users DROP note",), ("public.users.note dropped 30 lost 30",)),
    Upgrade(
        "renamed by copying",
        USERS,
        ("ALTER TABLE users ADD remark text; UPDATE users SET remark = note; ALTER TABLE users DROP note",),
        ("public.users.note dropped 30 lost 0, 30 same row public.users.remark",),
    ),
    Upgrade(
        "copied, later dropped",
        USERS,
        ("ALTER TABLE users ADD remark text; UPDATE users SET remark = note", "ALTER TABLE users DROP note"),
        ("public.users.note dropped 30 lost 0, 30 same row public.users.remark by r1",),
    ),
    Upgrade(
        "copied in part, later dropped",
        USERS,
        ("ALTER TABLE users ADD remark text; UPDATE users SET remark = note WHERE id > 10", "ALTER TABLE users DROP note"),
        ("public.users.note dropped 30 lost 8, 22 same row public.users.remark by r1, caused by r1",),
    ),
    Upgrade(
        "a default is no destination",
        USERS,
        ("ALTER TABLE users ADD enabled bool DEFAULT false; ALTER TABLE users DROP active",),
        ("public.users.active dropped 40 lost 40",),
    ),
    Upgrade(
        "what stood beside it is no destination",
        USERS.replace("'City ' || g % 7", "'Name ' || g"),
        ("ALTER TABLE users DROP city",),
        ("public.users.city dropped 40 lost 40",),
    ),
    Upgrade(
        "what an earlier deletion left untouched is no destination",
        USERS.replace("'City ' || g % 7", "'Name ' || g"),
        ("DELETE FROM users WHERE id = 1", "ALTER TABLE users DROP city"),
        ("public.users.city dropped 39 lost 39",),
    ),
    Upgrade(
        "a boolean that moved",
        USERS,
        ("ALTER TABLE users ADD enabled bool DEFAULT false; UPDATE users SET enabled = active; ALTER TABLE users DROP active",),
        ("public.users.active dropped 40 lost 0, 40 same row public.users.enabled",),
    ),
    Upgrade(
        "into a document",
        USERS,
        (
            "ALTER TABLE users ADD data jsonb; UPDATE users SET data = jsonb_build_object('about', "
            "jsonb_build_object('a note', note), 'score', score); ALTER TABLE users DROP note, DROP score",
        ),
        (
            "public.users.note dropped 30 lost 0, 30 document public.users.data",
            "public.users.score dropped 40 lost 0, 40 document public.users.data",
        ),
    ),
    Upgrade(
        "into an array",
        USERS,
        ("ALTER TABLE users ADD parts text[]; UPDATE users SET parts = ARRAY[name, note]; ALTER TABLE users DROP note",),
        ("public.users.note dropped 30 lost 0, 30 document public.users.parts",),
    ),
    Upgrade(
        "into a text column, as a number",
        USERS,
        ("ALTER TABLE users ADD t text; UPDATE users SET t = score; ALTER TABLE users DROP score",),
        ("public.users.score dropped 40 lost 0, 40 same row public.users.t",),
    ),
    Upgrade(
        "to a child table",
        USERS,
        (
            "CREATE TABLE notes (id serial PRIMARY KEY, user_id int REFERENCES users, body text); "
            "INSERT INTO notes (user_id, body) SELECT id, note FROM users WHERE note IS NOT NULL; ALTER "
            "TABLE users DROP note",
        ),
        ("public.users.note dropped 30 lost 0, 30 referencing row public.notes.body",),
    ),
    Upgrade(
        "to a child table, some skipped",
        USERS,
        (
            "CREATE TABLE notes (id serial PRIMARY KEY, user_id int REFERENCES users, body text)",
            "INSERT INTO notes (user_id, body) SELECT id, note FROM users WHERE note IS NOT NULL AND id > 10",
            "ALTER TABLE users DROP note",
        ),
        ("public.users.note dropped 30 lost 8, 22 referencing row public.notes.body by r2, caused by r2",),
    ),
    Upgrade(
        "to a child table, to the wrong rows",
        USERS,
        (
            "CREATE TABLE notes (id serial PRIMARY KEY, user_id int REFERENCES users, "
            "body text); INSERT INTO notes (user_id, body) SELECT id % 40 + 1, note FROM users WHERE note IS NOT NULL; "
            "ALTER TABLE users DROP note",
        ),
        ("public.users.note dropped 30 lost 30",),
    ),
    Upgrade(
        "to a side table without a foreign key",
        USERS,
        (
            "CREATE TABLE more (user_id int, body text); INSERT INTO more SELECT id, note "
            "FROM users; ALTER TABLE users DROP note",
        ),
        ("public.users.note dropped 30 lost 0, 30 referencing row public.more.body",),
    ),
    Upgrade(
        "to a lookup table",
        USERS,
        (
            "CREATE TABLE cities (id serial PRIMARY KEY, label text UNIQUE); INSERT INTO cities (label) SELECT "
            "DISTINCT city FROM users; ALTER TABLE users ADD city_id int REFERENCES cities; UPDATE users "
            "SET city_id = c.id FROM cities c "
            "WHERE c.label = city; ALTER TABLE users DROP city",
        ),
        ("public.users.city dropped 40 lost 0, 40 referenced row public.cities.label",),
    ),
    Upgrade(
        "through a link table",
        USERS,
        (
            "CREATE TABLE cities (id serial PRIMARY KEY, label text UNIQUE); INSERT INTO cities (label) SELECT "
            "DISTINCT city FROM users; CREATE TABLE lives (user_id int REFERENCES users, city_id int "
            "REFERENCES cities); INSERT INTO lives "
            "SELECT u.id, c.id FROM users u JOIN cities c ON c.label = u.city; ALTER TABLE users DROP city",
        ),
        ("public.users.city dropped 40 lost 0, 40 referencing row public.cities.label",),
    ),
    Upgrade("overwritten", USERS, ("UPDATE users SET name = lower(name)",), ("public.users.name overwritten 40 lost 40",)),
    Upgrade(
        "overwritten, restored",
        USERS,
        ("UPDATE users SET score = score * 2",),
        ("public.users.score overwritten 40 lost 40",),
        "UPDATE users SET score = score / 2",
        ("public.users.score overwritten 40 lost 0 restored 40",),
    ),
    Upgrade(
        "overwritten, restored in part",
        USERS,
        ("UPDATE users SET name = lower(name)",),
        ("public.users.name overwritten 40 lost 40",),
        "UPDATE users SET name = initcap(name) WHERE id > 5",
        ("public.users.name overwritten 40 lost 5 restored 35",),
    ),
    Upgrade(
        "an enum recoded",
        "CREATE TYPE mood AS ENUM ('SAD', 'OK'); CREATE TABLE m (id int PRIMARY KEY, v mood); INSERT INTO m "
        "SELECT g, CASE g % 2 WHEN 0 THEN 'SAD' ELSE 'OK' END::mood FROM generate_series(1, 9) g",
        (
            "CREATE TYPE mood2 AS ENUM ('down', 'fine'); ALTER TABLE m ALTER v TYPE mood2 USING CASE v WHEN "
            "'SAD' THEN 'down' ELSE 'fine' "
            "END::mood2; DROP TYPE mood",
        ),
        ("public.m.v overwritten 9 lost 9",),
        "CREATE TYPE mood AS ENUM ('SAD', 'OK'); ALTER TABLE m ALTER v TYPE mood USING CASE v WHEN 'down' "
        "THEN 'SAD' ELSE 'OK' END::mood; "
        "DROP TYPE mood2",
        ("public.m.v overwritten 9 lost 0 restored 9",),
    ),
    Upgrade(
        "a dropped column restored by the way down",
        USERS,
        (
            "ALTER TABLE users ADD full_name text; UPDATE users SET full_name = name || "
            "'|' || note; ALTER TABLE users DROP note",
        ),
        ("public.users.note dropped 30 lost 30",),
        "ALTER TABLE users ADD note text; UPDATE users SET note = split_part(full_name, '|', 2) WHERE "
        "full_name IS NOT NULL; "
        "ALTER TABLE users DROP full_name",
        ("public.users.note dropped 30 lost 0 restored 30",),
    ),
    Upgrade(
        "two columns exchanged",
        USERS,
        ("UPDATE users SET name = city, city = name",),
        (
            "public.users.city overwritten 40 lost 0, 40 same row public.users.name",
            "public.users.name overwritten 40 lost 0, 40 same row public.users.city",
        ),
    ),
    Upgrade("rows deleted", USERS, ("DELETE FROM users WHERE id <= 3",), ("public.users deleted 3 rows lost 3",)),
    Upgrade(
        "rows deleted, restored",
        USERS,
        ("DELETE FROM users WHERE id <= 3",),
        ("public.users deleted 3 rows lost 3",),
        "INSERT INTO users SELECT g, 'Name ' || g, 'City ' || g % 7, 'note ' || g, g % 3 = 0, g * 1.5 FROM "
        "generate_series(1, 2) g",
        ("public.users deleted 3 rows lost 1 restored 2",),
    ),
    Upgrade(
        "rows archived",
        USERS,
        (
            "CREATE TABLE old_users (LIKE users); INSERT INTO old_users SELECT * FROM users WHERE id <= 30; "
            "DELETE FROM users WHERE id <= 30",
        ),
        ("public.users deleted 30 rows lost 0, 30 referencing row public.old_users",),
    ),
    Upgrade(
        "rows archived without a column",
        USERS,
        (
            "CREATE TABLE old_users AS SELECT id, name, city, active, score FROM users WHERE id "
            "<= 30; DELETE FROM users WHERE id <= 30",
        ),
        ("public.users deleted 30 rows lost 0, 30 referencing row public.old_users", "public.users.note deleted 23 lost 23"),
    ),
    Upgrade(
        "deleted by a cascade",
        ITEMS,
        ("DELETE FROM orders WHERE id = 1",),
        ("public.items deleted 2 rows lost 2", "public.orders deleted 1 rows lost 1"),
    ),
    Upgrade("a table dropped", USERS, ("DROP TABLE users",), ("public.users dropped 40 rows lost 40",)),
    Upgrade("a table renamed", USERS, ("ALTER TABLE users RENAME TO people",)),
    Upgrade(
        "a table replaced under another name",
        USERS,
        ("CREATE TABLE people AS SELECT * FROM users; DROP TABLE users",),
        ("public.users dropped 40 rows lost 0, 40 referencing row public.people",),
    ),
    Upgrade(
        "a table split in two",
        USERS,
        (
            "CREATE TABLE a (id int PRIMARY KEY, name text, city text); CREATE TABLE b (id int PRIMARY KEY, "
            "note text, active bool, score numeric); INSERT INTO a SELECT id, name, city FROM users; INSERT "
            "INTO b SELECT id, note, active, "
            "score FROM users; DROP TABLE users",
        ),
        ("public.users dropped 40 rows lost 0, 40 referencing row public.a",),
    ),
    Upgrade(
        "tables merged under new keys",
        "CREATE TABLE cats (id int PRIMARY KEY, name text, born date); CREATE TABLE dogs (id int PRIMARY "
        "KEY, name text, born date); INSERT INTO cats SELECT g, 'cat ' || g, '2020-01-01'::date + g FROM "
        "generate_series(1, 9) g; "
        "INSERT INTO dogs SELECT g, 'dog ' || g, '2021-01-01'::date + g FROM generate_series(1, 9) g",
        (
            "CREATE TABLE animals (id serial PRIMARY KEY, kind text, name text, born date); INSERT INTO "
            "animals (kind, name, born) SELECT 'c', "
            "name, born FROM cats UNION ALL SELECT 'd', name, born FROM dogs; DROP TABLE cats; DROP TABLE dogs",
        ),
        (
            "public.cats dropped 9 rows lost 0, 9 referencing row public.animals",
            "public.dogs dropped 9 rows lost 0, 9 new table public.animals",
        ),
    ),
    Upgrade(
        "a child table folded into documents",
        ITEMS,
        (
            "ALTER TABLE orders ADD items jsonb; UPDATE orders o SET items = (SELECT "
            "jsonb_agg(jsonb_build_object('sku', sku, 'qty', qty)) FROM items i WHERE i.order_id = o.id); DROP TABLE items",
        ),
        ("public.items dropped 30 rows lost 0, 30 referenced row public.orders",),
    ),
    Upgrade(
        "keys replaced",
        USERS,
        (
            "ALTER TABLE users ADD u uuid DEFAULT gen_random_uuid(); ALTER TABLE users DROP CONSTRAINT users_pkey; "
            "ALTER TABLE users DROP id; ALTER TABLE users ADD PRIMARY KEY (u)",
        ),
        ("public.users.id dropped 40 lost 40",),
    ),
    Upgrade(
        "keyless: a column dropped",
        "CREATE TABLE k (a int, b text, c text); INSERT INTO k SELECT g % 3, 'b' || g, 'c' || g FROM generate_series(1, 9) g",
        ("ALTER TABLE k DROP c",),
        ("public.k.c dropped 9 lost 9",),
    ),
    Upgrade(
        "keyless: a column renamed by copying",
        "CREATE TABLE k (a int, b text, c text); INSERT INTO k SELECT g % 3, 'b' || g, 'c' || g FROM generate_series(1, 9) g",
        ("ALTER TABLE k ADD d text; UPDATE k SET d = c; ALTER TABLE k DROP c",),
        ("public.k.c dropped 9 lost 0, 9 same row public.k.d",),
    ),
    Upgrade(
        "keyless: overwritten",
        "CREATE TABLE k (a int, b text); INSERT INTO k SELECT g, 'B' || g FROM generate_series(1, 9) g",
        ("UPDATE k SET b = lower(b)",),
        ("public.k.b overwritten 9 lost 9",),
        "UPDATE k SET b = upper(b)",
        ("public.k.b overwritten 9 lost 0 restored 9",),
    ),
    Upgrade(
        "text carried by the row's uuid, without a foreign key",
        "CREATE TABLE sets (id uuid PRIMARY KEY, path text); INSERT INTO sets "
        "SELECT md5(g::text)::uuid, 'p' || g FROM generate_series(1, 20) g",
        (
            "CREATE TABLE runs (id serial PRIMARY KEY, set_ref text, path "
            "text); INSERT INTO runs (set_ref, path) SELECT id, path FROM sets; ALTER TABLE sets DROP path",
        ),
        ("public.sets.path dropped 20 lost 0, 20 referencing row public.runs.path",),
    ),
    Upgrade(
        "timestamps into a document as ISO text",
        "CREATE TABLE e (id int PRIMARY KEY, at timestamptz); INSERT INTO e SELECT g, "
        "'2024-01-01'::timestamptz + g * interval '1 hour' FROM generate_series(1, 20) g",
        (
            "ALTER TABLE e ADD j jsonb; UPDATE e SET j = "
            "jsonb_build_object('at', to_char(at AT TIME ZONE 'Europe/Berlin', 'YYYY-MM-DD\"T\"HH24:MI:SS') "
            "|| '+01:00'); ALTER TABLE e DROP at",
        ),
        ("public.e.at dropped 20 lost 0, 20 document public.e.j",),
    ),
    Upgrade(
        "wrapped in a document in its own place",
        "CREATE TABLE w (id int PRIMARY KEY, v int); INSERT INTO w SELECT g, g * 3 FROM generate_series(1, 20) g",
        ("ALTER TABLE w ALTER v TYPE jsonb USING jsonb_build_object('kind', 'span', 'data', v)",),
        ("public.w.v overwritten 20 lost 0, 20 document public.w.v",),
    ),
    Upgrade(
        "wrapped in an array in its own place",
        "CREATE TABLE w (id int PRIMARY KEY, v text); INSERT INTO w SELECT g, 'v' || g FROM generate_series(1, 20) g",
        ("ALTER TABLE w ALTER v TYPE text[] USING CASE WHEN id < 6 THEN ARRAY['x'] ELSE ARRAY[v, 'x'] END",),
        ("public.w.v overwritten 20 lost 5, 15 document public.w.v",),
    ),
    Upgrade(
        "one value that is written everywhere",
        "CREATE TABLE w (id int PRIMARY KEY, n int, state int); "
        "INSERT INTO w SELECT g, g + 100, g % 5 FROM generate_series(1, 40) g; UPDATE w SET n = 3 WHERE id = 7",
        ("UPDATE w SET state = 3, n = 999 WHERE id = 7",),
        ("public.w.n overwritten 1 lost 1", "public.w.state overwritten 1 lost 1"),
    ),
    Upgrade(
        "one value that is nowhere else",
        "CREATE TABLE w (id int PRIMARY KEY, n int, spare int); "
        "INSERT INTO w SELECT g, g + 100, g FROM generate_series(1, 40) g",
        ("UPDATE w SET spare = n, n = NULL WHERE id = 7",),
        ("public.w.n overwritten 1 lost 0, 1 same row public.w.spare", "public.w.spare overwritten 1 lost 1"),
    ),
    Upgrade(
        "rows without values go where the others go",
        "CREATE TABLE hubs (id int PRIMARY KEY, name text); INSERT INTO hubs SELECT g, CASE WHEN g > 5 THEN 'h' || g END "
        "FROM generate_series(1, 20) g; CREATE TABLE users (id int PRIMARY KEY, hub int REFERENCES hubs); "
        "INSERT INTO users SELECT g, g FROM generate_series(1, 20) g",
        ("ALTER TABLE users ADD x text; DROP TABLE hubs CASCADE",),
        ("public.hubs dropped 20 rows lost 20",),
    ),
    Upgrade(
        "overwritten, restored under another name",
        "CREATE TABLE w (id int PRIMARY KEY, a int, b int); INSERT INTO w SELECT g, g * 7, -g FROM generate_series(1, 20) g",
        ("UPDATE w SET a = 0",),
        ("public.w.a overwritten 20 lost 20",),
        "UPDATE w SET a = id * 7; ALTER TABLE w RENAME a TO c; ALTER TABLE w RENAME b TO a; ALTER TABLE w RENAME c TO b",
        ("public.w.a overwritten 20 lost 20",),
    ),
)

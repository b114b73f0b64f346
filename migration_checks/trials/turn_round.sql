-- Updates every row to itself, last one first; {table} and {column} are put in by order.py.
DO $turn$
DECLARE
    spot record;
BEGIN
    FOR spot IN SELECT tableoid AS leaf, ctid AS place FROM {table} ORDER BY tableoid, ctid DESC LOOP
        UPDATE {table} SET {column} = {column} WHERE tableoid = spot.leaf AND ctid = spot.place;
    END LOOP;
END
$turn$

-- The paths, as jsonpath, under which the documents of {value} hold something; any place of an array counts as one.
WITH RECURSIVE document AS (
    SELECT d AS value, '$' AS path, 0 AS depth
    FROM (SELECT {value} AS d FROM {relation} AS x WHERE {value} IS NOT NULL LIMIT 500) AS sample
    UNION ALL
    SELECT inner_one.value, inner_one.path, document.depth + 1
    FROM document
    CROSS JOIN LATERAL (
        SELECT e.value, document.path || '.' || to_jsonb(e.key)::text AS path
        FROM jsonb_each(CASE jsonb_typeof(document.value) WHEN 'object' THEN document.value ELSE '{{}}' END) AS e
        UNION ALL
        SELECT e.value, document.path || '[*]'
        FROM jsonb_array_elements(CASE jsonb_typeof(document.value) WHEN 'array' THEN document.value ELSE '[]' END) AS e
    ) AS inner_one
    WHERE document.depth < 6
)
SELECT path FROM document GROUP BY path ORDER BY count(*) DESC, path LIMIT 200

-- json keeps what jsonb and text cannot hold, a NUL or half a surrogate pair, and `->>` into a document
-- with one anywhere in it fails the whole statement. What people ask about many rows at once looks into
-- them through this; of such a document it finds nothing.
CREATE FUNCTION readable(document json) RETURNS json LANGUAGE sql STABLE PARALLEL SAFE AS $$
  -- Neither can be written without this; that is so of nearly all documents, which are then not parsed.
  SELECT CASE WHEN strpos(document::text, '\u') = 0 OR pg_input_is_valid(document::text, 'jsonb') THEN document END
$$;

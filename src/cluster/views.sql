-- Terms as JSON, and a view per table with one typed column per field. Part of schema.sql.
--
-- A shape is a schema (docs/types.md) as JSON: {"is": FORM}, with "of", the shapes of its parts,
-- "name" and "names" where the form has them. The JSON is that of `shelf export`, except that
-- {"$term": TEXT} is {"$etf": HEX}, the term's bytes, and that text with a zero byte, which jsonb
-- cannot hold, is {"$hex": HEX}. Damage is null: no term makes these functions fail or go on forever.

-- Whether bytes are UTF-8 without a zero byte, or ASCII if the database has another encoding.
CREATE FUNCTION @schema@.is_text(content bytea) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  hex text := encode(content, 'hex');
BEGIN
  IF hex ~ '^(?:0[1-9a-f]|[1-7].)*$' THEN RETURN true; END IF;
  RETURN getdatabaseencoding() = 'UTF8' AND hex ~ ('^(?:0[1-9a-f]|[1-7].|(?:c[2-9a-f]|d.)[89ab].'
      || '|e0[ab].[89ab].|(?:e[1-9a-cef][89ab].|ed[89].)[89ab].'
      || '|(?:f0[9ab].|f[123][89ab].|f48.)[89ab].[89ab].)*$');
END $$;

-- What begins at `place`, counted from 0: its tag, where its content is and how long, and how many
-- terms follow as its parts. A null tag: damage, or a term that no table keeps.
CREATE FUNCTION @schema@.head_at(
    term bytea, place int, OUT tag int, OUT content int, OUT size bigint, OUT parts bigint)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  rest bigint := octet_length(term) - place;
  counted bigint := 0;                 -- the number behind the tag
BEGIN
  IF rest < 1 THEN RETURN; END IF;
  tag := get_byte(term, place);
  size := CASE tag WHEN 97 THEN 1 WHEN 98 THEN 4 WHEN 70 THEN 8 WHEN 106 THEN 0
                   WHEN 104 THEN -1 WHEN 110 THEN -1 WHEN 119 THEN -1 WHEN 118 THEN -2 WHEN 107 THEN -2
                   WHEN 105 THEN -4 WHEN 108 THEN -4 WHEN 109 THEN -4 WHEN 116 THEN -4
                   WHEN 77 THEN -4 WHEN 111 THEN -4 END;
  IF size IS NULL OR rest < 1 + abs(size) THEN tag := NULL; RETURN; END IF;
  content := place + 1;
  parts := 0;
  IF size < 0 THEN
    FOR i IN 1 .. -size LOOP
      counted := counted * 256 + get_byte(term, place + i);
    END LOOP;
    content := content - size::int;
    size := 0;
    CASE tag
      WHEN 104, 105 THEN parts := counted;
      WHEN 108 THEN parts := counted + 1;
      WHEN 116 THEN parts := 2 * counted;
      WHEN 77, 110, 111 THEN size := counted + 1;  -- a byte for the bits or the sign
      ELSE size := counted;
    END CASE;
  END IF;
  IF content + size + parts > octet_length(term) THEN tag := NULL; END IF;
END $$;

-- Where the term at `place` ends; null if it is damaged. A step takes at least one byte.
CREATE FUNCTION @schema@.end_of(term bytea, place int) RETURNS int
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  awaited bigint := 1;
  head record;
BEGIN
  WHILE awaited > 0 LOOP
    head := @schema@.head_at(term, place);
    IF head.tag IS NULL THEN RETURN NULL; END IF;
    place := head.content + head.size;
    awaited := awaited - 1 + head.parts;
  END LOOP;
  RETURN place;
END $$;

-- The name of the atom at `place`; null if there is none.
CREATE FUNCTION @schema@.atom_at(term bytea, place int) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  head record := @schema@.head_at(term, place);
  name bytea;
BEGIN
  IF head.tag IS NULL OR head.tag NOT IN (118, 119) THEN RETURN NULL; END IF;
  name := substr(term, head.content + 1, head.size::int);
  RETURN CASE WHEN @schema@.is_text(name) THEN convert_from(name, 'UTF8') END;
END $$;

-- An integer of up to 300 characters; null if it is longer.
CREATE FUNCTION @schema@.integer_at(term bytea, tag int, content int, size int) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  number numeric := 0;
BEGIN
  IF tag = 97 THEN RETURN get_byte(term, content); END IF;
  IF tag = 98 THEN RETURN ('x' || encode(substr(term, content + 1, 4), 'hex'))::bit(32)::int; END IF;
  IF size > 126 THEN RETURN NULL; END IF;
  FOR i IN REVERSE size - 1 .. 1 LOOP
    number := number * 256 + get_byte(term, content + i);
  END LOOP;
  IF get_byte(term, content) <> 0 THEN number := -number; END IF;
  RETURN CASE WHEN length(number::text) <= 300 THEN number END;
END $$;

-- The float of eight bytes, with a fraction or an exponent; null for infinity and no number.
CREATE FUNCTION @schema@.float_json(content bytea) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET extra_float_digits = 1 AS $$
DECLARE
  high int := get_byte(content, 0) * 256 + get_byte(content, 1);
  exponent int := (high & 32767) / 16;
  significand float8 := high & 15;
  written text;
BEGIN
  IF exponent = 2047 THEN RETURN NULL; END IF;
  FOR i IN 2 .. 7 LOOP
    significand := significand * 256 + get_byte(content, i);
  END LOOP;
  IF exponent > 0 THEN significand := significand + 4503599627370496; END IF;
  exponent := greatest(exponent, 1) - 1075;
  -- In two steps: a power of two below the smallest normal number is an error.
  IF exponent < -900 THEN
    significand := significand * power(2::float8, -500);
    exponent := exponent + 500;
  END IF;
  significand := significand * power(2::float8, exponent);
  IF high >= 32768 THEN significand := -significand; END IF;
  written := significand::text;
  RETURN (written || CASE WHEN written ~ '[.e]' THEN '' ELSE '.0' END)::jsonb;
END $$;

-- Nanoseconds since 1970, within 64 bits, as a time: 2026-11-20T12:00:00.5Z.
CREATE FUNCTION @schema@.time_text(nanoseconds numeric) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  seconds numeric := floor(nanoseconds / 1000000000);
  fraction text := rtrim(lpad((nanoseconds - seconds * 1000000000)::bigint::text, 9, '0'), '0');
  days numeric := floor(seconds / 86400);
BEGIN
  RETURN to_char(timestamp '1970-01-01' + make_interval(days => days::int,
                                                        secs => (seconds - days * 86400)::float8),
                 'YYYY-MM-DD"T"HH24:MI:SS') || CASE fraction WHEN '' THEN '' ELSE '.' || fraction END || 'Z';
END $$;

-- Text, or {"$hex": ..}.
CREATE FUNCTION @schema@.binary_json(content bytea) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
  IF @schema@.is_text(content) THEN RETURN to_jsonb(convert_from(content, 'UTF8')); END IF;
  RETURN jsonb_build_object('$hex', encode(content, 'hex'));
END $$;

-- The shape that is meant: a record inside itself, {"is": "again"}, is one of those around it.
CREATE FUNCTION @schema@.resolved(shape jsonb, around jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  IF shape ->> 'is' = 'again' THEN
    FOR i IN REVERSE jsonb_array_length(around) - 1 .. 0 LOOP
      IF around -> i ->> 'name' = shape ->> 'name' THEN RETURN around -> i; END IF;
    END LOOP;
  END IF;
  RETURN shape;
END $$;

-- Whether the term at `place` is a value of the shape, seen to this depth.
CREATE FUNCTION @schema@.fits(term bytea, place int, shape jsonb, around jsonb, depth int)
RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  head record := @schema@.head_at(term, place);
  form text;
  parts jsonb;
  name text;
  part int;
BEGIN
  IF head.tag IS NULL THEN RETURN false; END IF;
  shape := @schema@.resolved(shape, around);
  form := shape ->> 'is';
  parts := shape -> 'of';
  IF head.tag IN (118, 119) THEN name := @schema@.atom_at(term, place); END IF;
  CASE form
    WHEN 'boolean' THEN RETURN coalesce(name IN ('true', 'false'), false);
    WHEN 'integer', 'time' THEN RETURN head.tag IN (97, 98, 110, 111);
    WHEN 'float' THEN RETURN head.tag = 70;
    WHEN 'binary' THEN
      RETURN head.tag = 109 AND (NOT shape ? 'size' OR head.size = (shape ->> 'size')::numeric);
    WHEN 'nil' THEN RETURN coalesce(name = 'nil', false);
    WHEN 'atoms' THEN RETURN coalesce(shape -> 'names' ? name, false);
    WHEN 'list', 'map' THEN
      IF form = 'list' AND head.tag = 106 THEN RETURN true; END IF;
      IF form = 'list' AND head.tag = 107 THEN  -- a list of bytes
        RETURN head.size = 0 OR depth <= 0 OR @schema@.fits('\x6100', 0, parts -> 0, around, depth - 1);
      END IF;
      IF head.tag <> (CASE form WHEN 'list' THEN 108 ELSE 116 END) THEN RETURN false; END IF;
    WHEN 'array', 'tuple' THEN
      IF head.tag NOT IN (104, 105) OR form = 'tuple' AND head.parts <> jsonb_array_length(parts)
         OR form = 'array' AND head.parts <> coalesce((shape ->> 'size')::numeric, head.parts) THEN
        RETURN false;
      END IF;
    WHEN 'record' THEN
      IF parts = '[]' THEN RETURN coalesce(name = shape ->> 'name', false); END IF;
      IF head.tag NOT IN (104, 105) OR head.parts <> jsonb_array_length(parts) + 1
         OR @schema@.atom_at(term, head.content) IS DISTINCT FROM shape ->> 'name' THEN
        RETURN false;
      END IF;
    WHEN 'again' THEN RETURN coalesce(name = shape ->> 'name', false);
    WHEN 'optional' THEN
      IF name = 'none' THEN RETURN true; END IF;
      IF head.tag NOT IN (104, 105) OR head.parts <> 2
         OR @schema@.atom_at(term, head.content) IS DISTINCT FROM 'some' THEN
        RETURN false;
      END IF;
    WHEN 'one_of' THEN
      IF depth <= 0 THEN RETURN true; END IF;
      FOR i IN 0 .. jsonb_array_length(parts) - 1 LOOP
        IF @schema@.fits(term, place, parts -> i, around, depth - 1) THEN RETURN true; END IF;
      END LOOP;
      RETURN false;
    ELSE RETURN true;
  END CASE;
  IF depth <= 0 THEN RETURN true; END IF;
  IF form = 'record' THEN around := around || jsonb_build_array(shape); END IF;
  part := head.content;
  FOR i IN 0 .. head.parts - 1 LOOP
    IF form = 'list' AND i = head.parts - 1 THEN
      RETURN coalesce(@schema@.head_at(term, part) = (106, part + 1, 0::bigint, 0::bigint), false);
    END IF;
    IF NOT (form IN ('record', 'optional') AND i = 0) AND NOT @schema@.fits(
        term, part, parts -> (CASE form WHEN 'tuple' THEN i WHEN 'record' THEN i - 1 WHEN 'map' THEN i % 2 ELSE 0 END),
        around, depth - 1) THEN
      RETURN false;
    END IF;
    part := @schema@.end_of(term, part);
    IF part IS NULL THEN RETURN false; END IF;
  END LOOP;
  RETURN true;
END $$;

-- The JSON of the term at `place`, and where it ends: null if it is damaged. What does not fit its
-- shape, or has no form in JSON, or is nested too deep, is {"$etf": ..}.
CREATE FUNCTION @schema@.json_at(
    term bytea, place int, shape jsonb, around jsonb, depth int, OUT json jsonb, OUT past int)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  head record := @schema@.head_at(term, place);
  form text;
  parts jsonb;
  name text;
  part record;
  names text[] := '{}';
  items jsonb[] := '{}';
BEGIN
  IF head.tag IS NULL THEN RETURN; END IF;
  past := head.content + head.size;
  shape := @schema@.resolved(shape, around);
  form := coalesce(shape ->> 'is', 'any');
  parts := shape -> 'of';
  IF form = 'one_of' THEN
    -- The first alternative that fits.
    FOR i IN 0 .. jsonb_array_length(parts) - 1 LOOP
      IF depth < 100 AND @schema@.fits(term, place, parts -> i, around, 4) THEN
        SELECT * INTO json, past FROM @schema@.json_at(term, place, parts -> i, around, depth + 1);
        RETURN;
      END IF;
    END LOOP;
  ELSIF depth < 100 AND @schema@.fits(term, place, shape, around, 0) THEN
    IF form = 'any' THEN
      form := CASE head.tag WHEN 70 THEN 'float' WHEN 106 THEN 'list' WHEN 107 THEN 'list' WHEN 108 THEN 'list' WHEN 109 THEN 'binary'
                            WHEN 116 THEN 'map' WHEN 118 THEN 'atom' WHEN 119 THEN 'atom'
                            WHEN 97 THEN 'integer' WHEN 98 THEN 'integer' WHEN 110 THEN 'integer' END;
      shape := NULL;
    END IF;
    IF head.tag IN (118, 119) THEN name := @schema@.atom_at(term, place); END IF;
    CASE form
      WHEN 'boolean' THEN json := to_jsonb(name::boolean);
      WHEN 'nil' THEN json := 'null';
      WHEN 'atoms', 'again' THEN json := to_jsonb(name);
      WHEN 'atom' THEN json := CASE WHEN name IN ('true', 'false', 'null') THEN name::jsonb END;
      WHEN 'float' THEN json := @schema@.float_json(substr(term, head.content + 1, 8));
      WHEN 'binary' THEN json := @schema@.binary_json(substr(term, head.content + 1, head.size::int));
      WHEN 'integer', 'time' THEN
        json := to_jsonb(@schema@.integer_at(term, head.tag, head.content, head.size::int));
        IF form = 'time' AND json::numeric BETWEEN -9223372036854775808 AND 9223372036854775807 THEN
          json := to_jsonb(@schema@.time_text(json::numeric));
        END IF;
      WHEN 'list', 'array', 'tuple' THEN
        FOR i IN 0 .. head.parts - 1 LOOP
          EXIT WHEN form = 'list' AND i = head.parts - 1;
          part := @schema@.json_at(term, past, parts -> CASE form WHEN 'tuple' THEN i::int ELSE 0 END, around,
                                   depth + 1);
          past := part.past;
          IF past IS NULL THEN RETURN; END IF;
          items := array_append(items, part.json);
        END LOOP;
        IF head.tag = 107 THEN  -- a list of bytes
          FOR i IN 1 .. head.size LOOP
            part := @schema@.json_at('\x61'::bytea || substr(term, head.content + i, 1), 0, parts -> 0, around,
                                     depth + 1);
            items := array_append(items, part.json);
          END LOOP;
        END IF;
        json := to_jsonb(items);
        IF head.tag = 108 THEN  -- which ends in the empty list, or is improper
          part := @schema@.head_at(term, past);
          IF part.tag IS DISTINCT FROM 106 THEN json := NULL; END IF;
          past := part.content;
        END IF;
      WHEN 'record' THEN
        IF parts = '[]' THEN
          json := to_jsonb(name);
        ELSE
          IF shape ? 'recursive' THEN around := around || jsonb_build_array(shape); END IF;
          past := @schema@.end_of(term, past);
          FOR i IN 0 .. head.parts - 2 LOOP
            part := @schema@.json_at(term, past, parts -> i::int, around, depth + 1);
            past := part.past;
            IF past IS NULL THEN RETURN; END IF;
            names := array_append(names, shape -> 'names' ->> i::int);
            items := array_append(items, part.json);
          END LOOP;
          json := @schema@.named_json(names, items);
          IF json IS NULL THEN json := to_jsonb(items); END IF;
        END IF;
      WHEN 'optional' THEN
        IF name = 'none' THEN
          json := 'null';
        ELSE
          past := @schema@.end_of(term, past);
          SELECT * INTO json, past FROM @schema@.json_at(term, past, parts -> 0, around, depth + 1);
          IF json = 'null' OR json ? '$some' AND jsonb_typeof(json) = 'object' THEN
            json := jsonb_build_object('$some', json);
          END IF;
        END IF;
      WHEN 'map' THEN
        SELECT * INTO json, past
          FROM @schema@.map_json(term, past, head.parts / 2, shape, around, depth);
      ELSE NULL;
    END CASE;
    IF past IS NULL THEN
      json := NULL;
      RETURN;
    END IF;
  END IF;
  IF json IS NULL THEN
    past := @schema@.end_of(term, place);
    json := jsonb_build_object('$etf', encode(substr(term, place + 1, past - place), 'hex'));
    IF past IS NULL THEN json := NULL; END IF;
  END IF;
END $$;

-- An object; null if it could be taken for an escape: one member whose name begins with $.
CREATE FUNCTION @schema@.named_json(names text[], items jsonb[]) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  IF cardinality(names) = 1 AND names[1] LIKE '$%' THEN RETURN NULL; END IF;
  RETURN (SELECT coalesce(jsonb_object_agg(m.name, m.item), '{}')
            FROM unnest(names, items) AS m(name, item));
END $$;

-- A map as an object if its keys have a name, else as a list of pairs. Without a shape a map whose
-- keys are not all text is null.
CREATE FUNCTION @schema@.map_json(
    term bytea, place int, pairs bigint, shape jsonb, around jsonb, depth int, OUT json jsonb, OUT past int)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  of_key jsonb := shape -> 'of' -> 0;
  is_named boolean := shape IS NULL OR of_key ->> 'is' IN ('binary', 'atoms');
  key record;
  value record;
  names text[] := '{}';
  keys jsonb[] := '{}';
  items jsonb[] := '{}';
BEGIN
  past := place;
  FOR i IN 1 .. pairs LOOP
    IF shape IS NULL AND get_byte(term, past) <> 109 THEN is_named := false; END IF;
    key := @schema@.json_at(term, past, of_key, around, depth + 1);
    IF key.past IS NULL THEN past := NULL; RETURN; END IF;
    -- A name is text or an atom; what does not fit is an object.
    is_named := is_named AND jsonb_typeof(key.json) = 'string';
    value := @schema@.json_at(term, key.past, shape -> 'of' -> 1, around, depth + 1);
    past := value.past;
    IF past IS NULL THEN RETURN; END IF;
    names := array_append(names, key.json #>> '{}');
    keys := array_append(keys, key.json);
    items := array_append(items, value.json);
  END LOOP;
  IF is_named THEN json := @schema@.named_json(names, items); END IF;
  IF json IS NULL AND shape IS NOT NULL THEN
    json := (SELECT coalesce(jsonb_agg(jsonb_build_array(p.key, p.item) ORDER BY p.place), '[]')
               FROM unnest(keys, items) WITH ORDINALITY AS p(key, item, place));
  END IF;
END $$;

-- The JSON of a whole term; null if it is damaged.
CREATE FUNCTION @schema@.json(term bytea, shape jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  flat bytea := term || ''::bytea;     -- fetched once, and not with each byte
  done record;
BEGIN
  IF term IS NULL THEN RETURN NULL; END IF;
  done := @schema@.json_at(flat, 0, shape, '[]', 0);
  RETURN CASE WHEN done.past = octet_length(flat) THEN done.json END;
END $$;

-- Shapes ---------------------------------------------------------------------------------------------

-- The schema that `written` begins with, as a shape, and what is behind it: null if it is malformed.
CREATE FUNCTION @schema@.shape_at(written text, depth int, OUT shape jsonb, OUT behind text)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  name_pattern CONSTANT text := '^(?:''([^'']*)''|([A-Za-z0-9_@\u0080-\U0010ffff]+))';
  word text;
  found text[];
  part record;
  parts jsonb := '[]';
  names jsonb := '[]';
  closing text := ')';
BEGIN
  IF depth > 100 THEN RETURN; END IF;
  IF starts_with(written, '...') THEN
    shape := '{"is": "any"}';
    behind := substr(written, 4);
    RETURN;
  END IF;
  IF starts_with(written, '{') THEN
    closing := '}';
  ELSE
    found := regexp_match(written, name_pattern);
    word := coalesce(found[1], found[2]);
    IF word IS NULL THEN RETURN; END IF;
    written := regexp_replace(written, name_pattern, '');
    IF starts_with(written, '{...}') THEN
      shape := jsonb_build_object('is', 'again', 'name', word);
      behind := substr(written, 6);
      RETURN;
    END IF;
    IF left(written, 1) NOT IN ('(', '{') OR written = '' THEN
      shape := jsonb_build_object(
        'is', CASE WHEN word IN ('boolean', 'integer', 'float', 'binary', 'nil') THEN word ELSE 'any' END);
      behind := written;
      RETURN;
    END IF;
    IF starts_with(written, '{') THEN closing := '}'; END IF;
  END IF;
  written := substr(written, 2);
  IF closing = ')' AND word IN ('integer', 'binary') THEN
    found := regexp_match(written, '^([^)]*)\)(.*)$');
    shape := jsonb_build_object(
      'is', CASE found[1] WHEN 'nanoseconds since 1970' THEN CASE word WHEN 'integer' THEN 'time' ELSE word END
                          ELSE word END);
    IF word = 'binary' THEN
      IF found[1] !~ '^[0-9]{1,18}$' THEN shape := '{"is": "any"}';
      ELSE shape := shape || jsonb_build_object('size', found[1]::bigint);
      END IF;
    END IF;
    behind := found[2];
    RETURN;
  END IF;
  -- Names, schemas, or both, up to the closing bracket.
  WHILE NOT starts_with(written, closing) OR (word = 'atom' AND names = '[]' AND closing = ')') LOOP
    IF parts <> '[]' OR names <> '[]' THEN
      IF NOT starts_with(written, ', ') THEN RETURN; END IF;
      written := substr(written, 3);
    END IF;
    IF closing = '}' AND word IS NOT NULL OR closing = ')' AND (word = 'atom' OR word = 'named' AND names = '[]') THEN
      found := regexp_match(written, name_pattern);
      IF found IS NULL THEN RETURN; END IF;
      names := names || to_jsonb(coalesce(found[1], found[2]));
      written := regexp_replace(written, name_pattern, '');
      CONTINUE WHEN closing = ')';
      IF NOT starts_with(written, ': ') THEN RETURN; END IF;
      written := substr(written, 3);
    END IF;
    IF word = 'array' AND closing = ')' AND jsonb_array_length(parts) = 1 THEN
      found := regexp_match(written, '^([^)]*)\)(.*)$');
      shape := '{"is": "any"}';
      IF found[1] ~ '^[0-9]{1,18}$' THEN
        shape := jsonb_build_object('is', 'array', 'of', parts, 'size', found[1]::bigint);
      END IF;
      behind := found[2];
      RETURN;
    END IF;
    part := @schema@.shape_at(written, depth + 1);
    IF part.behind IS NULL THEN RETURN; END IF;
    parts := parts || jsonb_build_array(part.shape);
    written := part.behind;
  END LOOP;
  behind := substr(written, 2);
  shape := CASE
    WHEN word IS NULL THEN jsonb_build_object('is', 'tuple', 'of', parts)
    WHEN closing = '}' THEN jsonb_build_object('is', 'record', 'name', word, 'names', names, 'of', parts)
                              || CASE WHEN parts::text LIKE '%"is": "again"%' THEN '{"recursive": true}'::jsonb
                                      ELSE '{}' END
    WHEN word = 'atom' THEN jsonb_build_object('is', 'atoms', 'names', names)
    WHEN word = 'named' AND jsonb_array_length(parts) = 1 THEN parts -> 0
    WHEN word IN ('list', 'set') AND jsonb_array_length(parts) = 1 THEN jsonb_build_object('is', 'list', 'of', parts)
    WHEN word = 'optional' AND jsonb_array_length(parts) = 1
      OR word = 'map' AND jsonb_array_length(parts) = 2
      OR word = 'one_of' AND parts <> '[]' THEN jsonb_build_object('is', word, 'of', parts)
    ELSE '{"is": "any"}' END;
END $$;

-- The shape of a schema; that of `any` if it is malformed or long.
CREATE FUNCTION @schema@.shape_of(written bytea) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  done record;
BEGIN
  IF octet_length(written) <= 65536 AND @schema@.is_text(written) THEN
    done := @schema@.shape_at(convert_from(written, 'UTF8'), 0);
    IF done.behind = '' THEN RETURN done.shape; END IF;
  END IF;
  RETURN '{"is": "any"}';
END $$;

-- Views ----------------------------------------------------------------------------------------------

-- Whether a record or a tuple is shown as one column per part.
CREATE FUNCTION @schema@.has_columns(shape jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT shape ->> 'is' IN ('record', 'tuple') AND jsonb_array_length(shape -> 'of') BETWEEN 1 AND 500
     AND NOT shape ? 'recursive' AND shape::text NOT LIKE '%"is": "again"%'
$$;

-- The JSON of each column; null if the term is damaged or no such record.
CREATE FUNCTION @schema@.cells(term bytea, shape jsonb) RETURNS jsonb[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  flat bytea := term || ''::bytea;
  items jsonb[] := '{}';
  part record;
  past int;
BEGIN
  IF NOT @schema@.has_columns(shape) THEN RETURN ARRAY[@schema@.json(flat, shape)]; END IF;
  IF NOT @schema@.fits(flat, 0, shape, '[]', 0) THEN RETURN NULL; END IF;
  past := (@schema@.head_at(flat, 0)).content;
  IF shape ->> 'is' = 'record' THEN past := @schema@.end_of(flat, past); END IF;
  FOR i IN 0 .. jsonb_array_length(shape -> 'of') - 1 LOOP
    part := @schema@.json_at(flat, past, shape -> 'of' -> i, '[]', 1);
    past := part.past;
    IF past IS NULL THEN RETURN NULL; END IF;
    items := array_append(items, part.json);
  END LOOP;
  RETURN CASE WHEN past = octet_length(flat) THEN items END;
END $$;

-- A cell as a value of SQL; null if it is of another type.
CREATE FUNCTION @schema@.as_boolean(cell jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE jsonb_typeof(cell) WHEN 'boolean' THEN cell::boolean END
$$;
CREATE FUNCTION @schema@.as_numeric(cell jsonb) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE jsonb_typeof(cell) WHEN 'number' THEN cell::numeric END
$$;
CREATE FUNCTION @schema@.as_float(cell jsonb) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE jsonb_typeof(cell) WHEN 'number' THEN cell::float8 END
$$;
CREATE FUNCTION @schema@.as_time(cell jsonb) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT CASE jsonb_typeof(cell) WHEN 'string' THEN (cell #>> '{}')::timestamptz END
$$;
-- Bytes that are no text are shown as bytea is: \x00ff.
CREATE FUNCTION @schema@.as_text(cell jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE jsonb_typeof(cell) WHEN 'string' THEN cell #>> '{}' WHEN 'object' THEN '\x' || (cell ->> '$hex') END
$$;

-- A name of up to 63 bytes that is not in `taken`.
CREATE FUNCTION @schema@.free_name(wanted text, taken text[]) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  candidate text := wanted;
  suffix text;
  kept int;
BEGIN
  FOR i IN 2 .. 2000 LOOP
    IF candidate <> '' AND octet_length(candidate) <= 63 AND candidate <> ALL (taken) THEN RETURN candidate; END IF;
    suffix := '_' || i;
    kept := 63;
    WHILE octet_length(left(wanted, kept)) + length(suffix) > 63 LOOP
      kept := kept - 1;
    END LOOP;
    candidate := left(wanted, kept) || suffix;
  END LOOP;
  RAISE 'no name is free for %', wanted USING ERRCODE = 'invalid_name';
END $$;

-- The columns that a side of a table has in its view: expressions, each with its name.
CREATE FUNCTION @schema@.columns_of(shape jsonb, side text, taken text[], OUT list text, OUT names text[])
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  wanted text;
  part jsonb;
  form text;
BEGIN
  names := taken;
  FOR i IN 1 .. CASE WHEN @schema@.has_columns(shape) THEN jsonb_array_length(shape -> 'of') ELSE 1 END LOOP
    IF NOT @schema@.has_columns(shape) THEN
      wanted := side;
      part := shape;
    ELSE
      part := shape -> 'of' -> (i - 1);
      wanted := coalesce(shape -> 'names' ->> (i - 1), i::text);
      IF NOT shape ? 'names' OR side = 'key' OR wanted IN ('key', 'value') OR wanted = ANY (names) THEN
        wanted := side || '_' || wanted;
      END IF;
    END IF;
    wanted := @schema@.free_name(wanted, names);
    names := names || wanted;
    form := part ->> 'is';
    IF form = 'optional' THEN
      part := part -> 'of' -> 0;
      form := part ->> 'is';
    END IF;
    list := coalesce(list || ', ', '') || format(
      CASE WHEN form = 'boolean' THEN '@schema@.as_boolean(%I.cells[%s])'
           WHEN form = 'integer' THEN '@schema@.as_numeric(%I.cells[%s])'
           WHEN form = 'float' THEN '@schema@.as_float(%I.cells[%s])'
           WHEN form = 'time' THEN '@schema@.as_time(%I.cells[%s])'
           WHEN form IN ('binary', 'atoms') OR form = 'record' AND part -> 'of' = '[]' THEN '@schema@.as_text(%I.cells[%s])'
           ELSE 'nullif(%I.cells[%s], ''null'')' END || ' AS %I', 'of_' || side, i, wanted);
  END LOOP;
END $$;

-- Creates the view of a table; its name. It is SPACE__TABLE if that is a name and free.
CREATE FUNCTION @schema@.create_view(space_name text, table_id int, table_name text, key_schema bytea, value_schema bytea)
RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  key_shape jsonb := @schema@.shape_of(key_schema);
  value_shape jsonb := @schema@.shape_of(value_schema);
  of_key record := @schema@.columns_of(key_shape, 'key', '{}');
  of_value record := @schema@.columns_of(value_shape, 'value', of_key.names);
  name text := @schema@.free_name(space_name || '__' || table_name, ARRAY(
    SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = '@schema@'::regnamespace
    UNION ALL
    SELECT t.typname::text FROM pg_type t WHERE t.typnamespace = '@schema@'::regnamespace));
BEGIN
  -- OFFSET 0: the cells of a row are computed once, and not for each column.
  EXECUTE format(
    'CREATE VIEW @schema@.%I WITH (security_barrier) AS SELECT %s, %s FROM @schema@.entries e'
    ' CROSS JOIN LATERAL (SELECT @schema@.cells(coalesce(e.term, e.key), %L) AS cells OFFSET 0) of_key'
    ' CROSS JOIN LATERAL (SELECT @schema@.cells(e.content, %L) AS cells OFFSET 0) of_value'
    ' WHERE e.store = (SELECT t.store FROM @schema@.tables t WHERE t.id = %s)',
    name, of_key.list, of_value.list, key_shape, value_shape, table_id);
  EXECUTE format('COMMENT ON VIEW @schema@.%I IS %L', name, 'table ' || table_name || ' of space ' || space_name);
  EXECUTE format('GRANT SELECT ON @schema@.%I TO @schema@_report, @schema@_app, @schema@_admin', name);
  RETURN name;
END $$;


-- The server side of shelf's cluster tables: format 1, for PostgreSQL 15 and later. Plain SQL and
-- PL/pgSQL: it needs no extension, no superuser, no replication privilege and no change of wal_level.
-- `shelf-cluster init` executes this, `shelf-cluster dump-ddl` prints it.
--
-- The role that executes it may create schemas in the database, and either may create roles or finds
-- the four roles below and is a member of the first.

BEGIN;

DO $$
DECLARE
  wanted text;
BEGIN
  FOREACH wanted IN ARRAY '{@schema@_owner, @schema@_app, @schema@_admin, @schema@_report}'::text[] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
    END IF;
  END LOOP;
  IF NOT pg_has_role(current_user, '@schema@_owner', 'MEMBER') THEN
    EXECUTE format('GRANT @schema@_owner TO %I', current_user);
  END IF;
END $$;

CREATE SCHEMA @schema@ AUTHORIZATION @schema@_owner;
SET LOCAL ROLE @schema@_owner;
REVOKE ALL ON SCHEMA @schema@ FROM PUBLIC;
GRANT USAGE ON SCHEMA @schema@ TO @schema@_app, @schema@_admin, @schema@_report;

-- Tables ---------------------------------------------------------------------------------------
-- Only the functions below write them. Foreign keys and checks on what every commit touches cost a
-- third of a commit, so there are none.

CREATE TABLE @schema@.format (version int PRIMARY KEY);
INSERT INTO @schema@.format VALUES (1);

-- A group of tables whose commits have one order. seq has no gaps; nonce names the last commit.
CREATE TABLE @schema@.spaces (
  id    int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name  text NOT NULL UNIQUE,
  seq   bigint NOT NULL,
  nonce uuid NOT NULL
) WITH (fillfactor = 10);

-- One row per commit: what it did, in order, as results and not as deltas.
--   nonce    names it and all commits before it: two histories that have forked have no commit of one
--            seq and one nonce
--   call     the call that made it
--   codes    1 put, 2 append, 3 erase, 4 erase one value, 5 clear, 6 table created, 8 table dropped
--   keys     what identifies the key: its term, in ordered tables its sort key; null for a clear;
--            the name, for a table
--   terms    the key's term where `keys` has a sort key
--   contents the values
--   refused  unit, reason, unit, reason ...: the answer if the same call is sent again
CREATE TABLE @schema@.commits (
  space    int NOT NULL,
  seq      bigint NOT NULL,
  nonce    uuid NOT NULL,
  call     uuid NOT NULL,
  made     timestamptz NOT NULL DEFAULT clock_timestamp(),
  codes    smallint[],
  tables   int[],
  keys     bytea[],
  terms    bytea[],
  contents bytea[],
  refused  int[],
  PRIMARY KEY (space, seq),
  UNIQUE (space, call)
);
ALTER TABLE @schema@.commits
  ALTER keys SET STORAGE EXTERNAL, ALTER terms SET STORAGE EXTERNAL, ALTER contents SET STORAGE EXTERNAL;

CREATE SEQUENCE @schema@.store_numbers AS int;

-- The catalog. The entries of a table are those of its store: clearing it takes a new store.
CREATE TABLE @schema@.tables (
  id           int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  space        int NOT NULL REFERENCES @schema@.spaces,
  name         text NOT NULL,
  kind         smallint NOT NULL CHECK (kind BETWEEN 1 AND 4),  -- set, ordered_set, bag, duplicate_bag
  key_schema   bytea NOT NULL,
  value_schema bytea NOT NULL,
  store        int NOT NULL DEFAULT nextval('@schema@.store_numbers'),
  since        bigint NOT NULL,                       -- the commit that created or dropped it
  view_name    text,                                  -- what shows its entries as typed columns
  dropped      boolean NOT NULL DEFAULT false
);
CREATE UNIQUE INDEX tables_by_name ON @schema@.tables (space, name) WHERE NOT dropped;

-- The entries of all tables. id tells the values of a key apart: empty in sets, the SHA-256 of the
-- value in bags, seq and place in duplicate bags. Values of a key are ordered by version and place.
CREATE TABLE @schema@.entries (
  store   int NOT NULL,
  place   int NOT NULL,                               -- within its commit
  version bigint NOT NULL,                            -- the commit that wrote it
  key     bytea NOT NULL,
  id      bytea NOT NULL,
  term    bytea,
  content bytea NOT NULL,
  PRIMARY KEY (store, key, id)
) WITH (fillfactor = 85);
ALTER TABLE @schema@.entries ALTER content SET STORAGE EXTERNAL;

-- Stores of cleared and dropped tables, to be emptied by collect().
CREATE TABLE @schema@.garbage (
  store int PRIMARY KEY,
  since timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The nodes that follow a space.
CREATE TABLE @schema@.nodes (
  space   int NOT NULL,
  id      uuid NOT NULL,
  name    text NOT NULL,
  version text NOT NULL,
  seq     bigint NOT NULL,
  seen    timestamptz NOT NULL,
  PRIMARY KEY (space, id)
) WITH (fillfactor = 50);

-- Integers as terms ------------------------------------------------------------------------------

-- The number that an integer of up to 64 bits is; null for any other term.
CREATE FUNCTION @schema@.integer_of(term bytea) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  tag int := get_byte(term, 0);
  magnitude numeric := 0;
BEGIN
  IF tag = 97 THEN RETURN get_byte(term, 1); END IF;
  IF tag = 98 THEN RETURN ('x' || encode(substr(term, 2, 4), 'hex'))::bit(32)::int; END IF;
  IF tag <> 110 OR get_byte(term, 1) > 8 THEN RETURN NULL; END IF;
  FOR i IN REVERSE get_byte(term, 1) .. 1 LOOP
    magnitude := magnitude * 256 + get_byte(term, 2 + i);
  END LOOP;
  RETURN CASE get_byte(term, 2) WHEN 0 THEN magnitude ELSE -magnitude END;
END $$;

-- The canonical term of an integer.
CREATE FUNCTION @schema@.integer_term(number numeric) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  left_over numeric := abs(number);
  magnitude bytea := '';
  size int := 0;
BEGIN
  IF number BETWEEN 0 AND 255 THEN RETURN set_byte('\x6100'::bytea, 1, number::int); END IF;
  IF number BETWEEN -2147483648 AND 2147483647 THEN
    RETURN '\x62'::bytea || int4send(number::int);
  END IF;
  WHILE left_over > 0 LOOP
    magnitude := magnitude || set_byte('\x00'::bytea, 0, (left_over % 256)::int);
    left_over := div(left_over, 256);
    size := size + 1;
  END LOOP;
  RETURN set_byte(set_byte('\x6e0000'::bytea, 1, size), 2, (number < 0)::int) || magnitude;
END $$;

-- What a counter becomes. step: delta, initial value or nothing, lowest, highest. One byte, the
-- reason of a refusal, if it does not become anything.
CREATE FUNCTION @schema@.counted(step bytea, present bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  part text[] := string_to_array(convert_from(step, 'UTF8'), ',');
  number numeric;
BEGIN
  IF present IS NOT NULL THEN
    number := @schema@.integer_of(present);
    IF number IS NULL THEN RETURN '\x06'; END IF;
  ELSIF part[2] = '' THEN
    RETURN '\x04';
  ELSE
    number := part[2]::numeric;
  END IF;
  number := number + part[1]::numeric;
  IF number < part[3]::numeric OR number > part[4]::numeric THEN RETURN '\x05'; END IF;
  RETURN @schema@.integer_term(number);
END $$;

-- Commits ------------------------------------------------------------------------------------------

-- Whether a table of this kind takes the operation. Ordered tables have a sort key and a term.
CREATE FUNCTION @schema@.fits(kind smallint, code smallint, has_key boolean, has_term boolean)
RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN code = 5 THEN NOT has_key
              WHEN code IN (1, 11, 12, 13) THEN has_key AND kind <= 2
              WHEN code IN (2, 4) THEN has_key AND kind >= 3
              ELSE code = 3 AND has_key END
     AND (code = 5 OR has_term = (kind = 2))
$$;

-- Units whose ranges or tables, of the reads [first, last], are touched by a commit after base or by
-- an operation of this call up to place `staged` that was not refused.
CREATE FUNCTION @schema@.overtaken(
    space_id int, base bigint, first int, last int, staged int, gone int[],
    read_unit int[], read_kind smallint[], read_table int[], read_from bytea[], read_to bytea[],
    op_table int[], op_key bytea[])
RETURNS SETOF int LANGUAGE sql STABLE AS $$
  SELECT DISTINCT r.unit
    FROM (SELECT done.of, done.key
            FROM @schema@.commits c, unnest(c.tables, c.keys) AS done(of, key)
           WHERE c.space = space_id AND c.seq > base
           UNION ALL
          SELECT own.of, own.key
            FROM unnest(op_table[1:staged], op_key[1:staged]) WITH ORDINALITY AS own(of, key, place)
           WHERE NOT (own.place = ANY (gone))) AS change
    JOIN unnest(read_unit[first:last], read_kind[first:last], read_table[first:last],
                read_from[first:last], read_to[first:last]) AS r(unit, kind, of, low, high)
      ON r.of = change.of
   WHERE r.kind = 2
      OR (r.kind = 1 AND (change.key IS NULL       -- a clear
                          OR (change.key >= r.low AND (r.high IS NULL OR change.key < r.high))))
$$;

-- The operations [first, last], less those that are gone: erases, then erases of one value, puts,
-- appends, one statement each.
CREATE FUNCTION @schema@.apply(
    new_seq bigint, first int, last int, gone int[], op_unit int[], op_code smallint[],
    op_table int[], op_key bytea[], op_term bytea[], op_content bytea[])
RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  codes smallint[] := op_code[first:last];
  old_store int;
BEGIN
  IF 5 = ANY (codes) THEN
    IF first < last THEN
      RAISE 'a clear shares its wave' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF first = ANY (gone) THEN RETURN; END IF;
    SELECT t.store INTO old_store FROM @schema@.tables t WHERE t.id = op_table[first];
    INSERT INTO @schema@.garbage (store) VALUES (old_store);
    UPDATE @schema@.tables SET store = nextval('@schema@.store_numbers') WHERE id = op_table[first];
    RETURN;
  END IF;
  -- What a client must not send. Two puts of one key are refused by PostgreSQL.
  IF codes[1] <> ANY (codes) AND EXISTS (
      SELECT FROM (SELECT c.phase, lag(c.phase) OVER w AS before, c.unit, lag(c.unit, 1, c.unit) OVER w AS other
                     FROM (SELECT CASE o.code WHEN 3 THEN 1 WHEN 4 THEN 2 WHEN 2 THEN 4 ELSE 3 END AS phase,
                                  o.of, o.key, o.unit, o.place
                             FROM unnest(op_unit[first:last], codes, op_table[first:last], op_key[first:last])
                                  WITH ORDINALITY AS o(unit, code, of, key, place)
                            WHERE NOT (first - 1 + o.place = ANY (gone))) AS c
                   WINDOW w AS (PARTITION BY c.of, c.key ORDER BY c.place)) AS pair
       WHERE pair.phase < pair.before OR pair.unit <> pair.other) THEN
    RAISE 'operations of one key are out of order, or of two units'
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF 3 = ANY (codes) THEN
    DELETE FROM @schema@.entries e
     USING unnest(codes, op_table[first:last], op_key[first:last]) WITH ORDINALITY AS o(code, of, key, place),
           @schema@.tables t
     WHERE o.code = 3 AND NOT (first - 1 + o.place = ANY (gone))
       AND t.id = o.of AND e.store = t.store AND e.key = o.key;
  END IF;
  IF 4 = ANY (codes) THEN
    DELETE FROM @schema@.entries e
     USING unnest(codes, op_table[first:last], op_key[first:last], op_content[first:last])
           WITH ORDINALITY AS o(code, of, key, content, place),
           @schema@.tables t
     WHERE o.code = 4 AND NOT (first - 1 + o.place = ANY (gone))
       AND t.id = o.of AND e.store = t.store AND e.key = o.key AND e.content = o.content;
  END IF;
  IF 1 = ANY (codes) OR 11 = ANY (codes) THEN
    INSERT INTO @schema@.entries AS e (store, place, version, key, id, term, content)
    SELECT t.store, 1, new_seq, o.key, '', o.term, o.content
      FROM unnest(codes, op_table[first:last], op_key[first:last], op_term[first:last], op_content[first:last])
           WITH ORDINALITY AS o(code, of, key, term, content, place)
      JOIN @schema@.tables t ON t.id = o.of
     WHERE o.code IN (1, 11) AND NOT (first - 1 + o.place = ANY (gone))
    ON CONFLICT ON CONSTRAINT entries_pkey DO UPDATE
      SET version = excluded.version, term = excluded.term, content = excluded.content;
  END IF;
  IF 2 = ANY (codes) THEN
    INSERT INTO @schema@.entries AS e (store, place, version, key, id, term, content)
    SELECT t.store, first - 1 + o.place, new_seq, o.key,
           CASE t.kind WHEN 3 THEN sha256(o.content)
                       ELSE int8send(new_seq) || int4send((first - 1 + o.place)::int) END,
           o.term, o.content
      FROM unnest(codes, op_table[first:last], op_key[first:last], op_term[first:last], op_content[first:last])
           WITH ORDINALITY AS o(code, of, key, term, content, place)
      JOIN @schema@.tables t ON t.id = o.of
     WHERE o.code = 2 AND NOT (first - 1 + o.place = ANY (gone))
     ORDER BY o.place
    ON CONFLICT ON CONSTRAINT entries_pkey DO NOTHING;
  END IF;
END $$;

-- Commits what one node has to commit: units, as one commit with one row of the log. A unit, which
-- is a transaction or a plain write, happens whole or not at all.
--   base, base_nonce  where the caller's replica was when it validated all reads: a commit that this
--                     server must know, or its history is another
--   call_nonce        names the call. Sent again, it is done once, and answered as the first time
--   wave_ops, wave_reads
--                     how many of the operations and reads below belong to each wave. No unit of a
--                     wave reads or writes a key that another unit of it writes
--   op_code           3 erase, 13 erase if the value is this; 4 erase one value; 1 put, 11 put if
--                     absent, 12 add; 2 append; those of a key in this order. 5 clear: alone in its wave
--   read_kind         0: the key read_from had read_count values, none newer than base; 1: nothing
--                     changed in [read_from, read_to); 2: nothing changed in the table
-- outcome: 0 committed as seq; 1 every unit was refused; 2 base is no longer kept; 3 base is of
--          another history; 4 a table was dropped, or is not known, since base. In 1 to 4, seq is the head
-- nonce:   of the commit seq
-- refused: unit, reason ...: 1 a read was overtaken; 2 the key is present; 3 the value is another;
--          4 no counter; 5 out of bounds; 6 not an integer
CREATE FUNCTION @schema@.commit(
    space_id int, base bigint, base_nonce uuid, call_nonce uuid,
    wave_ops int[], wave_reads int[],
    op_unit int[], op_code smallint[], op_table int[], op_key bytea[], op_term bytea[], op_content bytea[],
    read_unit int[], read_kind smallint[], read_table int[], read_from bytea[], read_to bytea[], read_count int[],
    OUT outcome int, OUT seq bigint, OUT nonce uuid, OUT refused int[])
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  head bigint;
  head_nonce uuid;
  known_nonce uuid;
  new_seq bigint;
  first int;
  last int := 0;                       -- operations of the wave
  first_read int;
  last_read int := 0;
  gone int[] := '{}';                  -- places of the operations of refused units
  bad int[];                           -- refused units of the wave
  codes smallint[];
  hit record;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE 'commit needs READ COMMITTED' USING ERRCODE = 'invalid_transaction_state';
  END IF;
  PERFORM pg_advisory_xact_lock(1936221292, space_id);  -- a queue; the UPDATE below is what orders
  SELECT s.seq, s.nonce INTO head, head_nonce FROM @schema@.spaces s WHERE s.id = space_id;
  IF NOT FOUND THEN
    RAISE 'there is no space %', space_id USING ERRCODE = 'undefined_object';
  END IF;
  SELECT c.seq, c.nonce, c.refused INTO seq, nonce, refused
    FROM @schema@.commits c WHERE c.space = space_id AND c.call = call_nonce;
  IF FOUND THEN outcome := 0; RETURN; END IF;

  seq := head;
  nonce := head_nonce;
  known_nonce := head_nonce;
  IF base <> head THEN
    SELECT c.nonce INTO known_nonce FROM @schema@.commits c WHERE c.space = space_id AND c.seq = base;
    IF NOT FOUND THEN outcome := CASE WHEN base < head THEN 2 ELSE 3 END; RETURN; END IF;
  END IF;
  IF known_nonce <> base_nonce THEN outcome := 3; RETURN; END IF;
  IF EXISTS (SELECT FROM unnest(op_table || read_table) AS wanted(id)
               LEFT JOIN @schema@.tables t
                 ON t.id = wanted.id AND t.space = space_id AND t.since <= base AND NOT t.dropped
              WHERE t.id IS NULL) THEN
    outcome := 4; RETURN;
  END IF;
  IF EXISTS (SELECT FROM unnest(op_code, op_table, op_key, op_term) AS o(code, of, key, term)
               JOIN @schema@.tables t ON t.id = o.of
              WHERE NOT @schema@.fits(t.kind, o.code, o.key IS NOT NULL, o.term IS NOT NULL)) THEN
    RAISE 'an operation does not fit its table' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  new_seq := head + 1;

  FOR w IN 1 .. cardinality(wave_ops) LOOP
    first := last + 1;
    last := last + wave_ops[w];
    first_read := last_read + 1;
    last_read := last_read + wave_reads[w];
    codes := op_code[first:last];
    bad := '{}';

    -- Was a read overtaken? Not if nothing was committed since base and nothing is staged.
    IF last_read >= first_read AND (base < head OR first - 1 > cardinality(gone)) THEN
      SELECT coalesce(array_agg(DISTINCT r.unit), '{}') INTO bad
        FROM unnest(read_unit[first_read:last_read], read_kind[first_read:last_read],
                    read_table[first_read:last_read], read_from[first_read:last_read],
                    read_count[first_read:last_read]) AS r(unit, kind, of, key, count)
        JOIN @schema@.tables t ON t.id = r.of
       CROSS JOIN LATERAL (SELECT count(*) AS count, max(e.version) AS newest FROM @schema@.entries e
                            WHERE e.store = t.store AND e.key = r.key) AS now
       WHERE r.kind = 0 AND (now.count <> r.count OR now.newest > base);
      IF read_kind[first_read:last_read] && '{1, 2}'::smallint[] THEN
        bad := bad || ARRAY(
          SELECT unit FROM @schema@.overtaken(space_id, base, first_read, last_read, first - 1, gone,
                                              read_unit, read_kind, read_table, read_from, read_to,
                                              op_table, op_key) AS unit
           WHERE NOT (unit = ANY (bad)));
      END IF;
      FOR hit IN SELECT unnest(bad) AS unit LOOP refused := refused || hit.unit || 1; END LOOP;
    END IF;

    -- Conditions, and what is computed here.
    IF codes && '{11, 12, 13}'::smallint[] THEN
      FOR hit IN
          SELECT o.unit, o.code, first - 1 + o.place::int AS place, e.content AS present, o.content
            FROM unnest(op_unit[first:last], codes, op_table[first:last], op_key[first:last], op_content[first:last])
                 WITH ORDINALITY AS o(unit, code, of, key, content, place)
            JOIN @schema@.tables t ON t.id = o.of
            LEFT JOIN @schema@.entries e ON e.store = t.store AND e.key = o.key
           WHERE o.code IN (11, 12, 13)
           ORDER BY o.place LOOP
        CONTINUE WHEN hit.unit = ANY (bad);
        IF hit.code = 12 THEN
          hit.content := @schema@.counted(hit.content, hit.present);
          IF get_byte(hit.content, 0) < 97 THEN
            refused := refused || hit.unit || get_byte(hit.content, 0);
            bad := bad || hit.unit;
          ELSE
            op_code[hit.place] := 1;
            op_content[hit.place] := hit.content;
          END IF;
        ELSIF hit.code = 11 AND hit.present IS NOT NULL THEN
          refused := refused || hit.unit || 2;
          bad := bad || hit.unit;
        ELSIF hit.code = 13 AND hit.present IS DISTINCT FROM hit.content THEN
          refused := refused || hit.unit || 3;
          bad := bad || hit.unit;
        ELSIF hit.code = 13 THEN
          op_code[hit.place] := 3;
          op_content[hit.place] := NULL;
        END IF;
      END LOOP;
    END IF;
    IF bad <> '{}' THEN
      gone := gone || ARRAY(SELECT (first - 1 + o.place)::int
                              FROM unnest(op_unit[first:last]) WITH ORDINALITY AS o(unit, place)
                             WHERE o.unit = ANY (bad));
    END IF;
    PERFORM @schema@.apply(new_seq, first, last, gone, op_unit, op_code, op_table, op_key, op_term, op_content);
  END LOOP;

  IF cardinality(gone) = cardinality(op_code) THEN outcome := 1; RETURN; END IF;
  op_code := array_replace(op_code, 11::smallint, 1::smallint);
  IF gone <> '{}' THEN
    SELECT array_agg(o.code ORDER BY o.place), array_agg(o.of ORDER BY o.place),
           array_agg(o.key ORDER BY o.place), array_agg(o.term ORDER BY o.place),
           array_agg(o.content ORDER BY o.place)
      INTO op_code, op_table, op_key, op_term, op_content
      FROM unnest(op_code, op_table, op_key, op_term, op_content)
           WITH ORDINALITY AS o(code, of, key, term, content, place)
     WHERE NOT (o.place = ANY (gone));
  END IF;
  -- A call that is sent again after a fail-over must not make a commit of another history look like
  -- its first one.
  nonce := md5(uuid_send(head_nonce) || uuid_send(call_nonce))::uuid;
  UPDATE @schema@.spaces s SET seq = new_seq, nonce = commit.nonce WHERE s.id = space_id AND s.seq = head;
  IF NOT FOUND THEN
    RAISE 'space % was written without its lock', space_id USING ERRCODE = 'serialization_failure';
  END IF;
  INSERT INTO @schema@.commits (space, seq, nonce, call, codes, tables, keys, terms, contents, refused)
  VALUES (space_id, new_seq, nonce, call_nonce, op_code, op_table, op_key, op_term, op_content, refused);
  outcome := 0;
  seq := new_seq;
END $$;

@views@
-- The catalog --------------------------------------------------------------------------------------

CREATE FUNCTION @schema@.create_space(wanted text) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  made @schema@.spaces;
BEGIN
  IF wanted !~ '^[a-z][a-z0-9_]{0,47}$' THEN
    RAISE 'not a name for a space' USING ERRCODE = 'invalid_name';
  END IF;
  INSERT INTO @schema@.spaces (name, seq, nonce) VALUES (wanted, 0, gen_random_uuid())
    ON CONFLICT (name) DO NOTHING RETURNING * INTO made;
  IF NOT FOUND THEN RETURN (SELECT s.id FROM @schema@.spaces s WHERE s.name = wanted); END IF;
  INSERT INTO @schema@.commits (space, seq, nonce, call) VALUES (made.id, 0, made.nonce, made.nonce);
  RETURN made.id;
END $$;

-- Appends a commit that changes the catalog; its number.
CREATE FUNCTION @schema@.note_change(space_id int, call_nonce uuid, code smallint, table_id int, name text)
RETURNS bigint LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  new_seq bigint;
BEGIN
  UPDATE @schema@.spaces s SET seq = s.seq + 1, nonce = call_nonce WHERE s.id = space_id
    RETURNING s.seq INTO new_seq;
  INSERT INTO @schema@.commits (space, seq, nonce, call, codes, tables, keys, terms, contents)
  VALUES (space_id, new_seq, call_nonce, call_nonce, ARRAY[code], ARRAY[table_id], ARRAY[convert_to(name, 'UTF8')],
          ARRAY[NULL::bytea], ARRAY[NULL::bytea]);
  RETURN new_seq;
END $$;

-- The table of this name, created if there is none. The caller compares what it gets with what it
-- wanted.
CREATE FUNCTION @schema@.declare(
    space_id int, call_nonce uuid, wanted text, wanted_kind smallint, wanted_key bytea, wanted_value bytea)
RETURNS SETOF @schema@.tables
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found_one @schema@.tables;
BEGIN
  IF octet_length(wanted) NOT BETWEEN 1 AND 255 THEN
    RAISE 'not a name for a table' USING ERRCODE = 'invalid_name';
  END IF;
  PERFORM pg_advisory_xact_lock(1936221292, space_id);
  SELECT * INTO found_one FROM @schema@.tables t
   WHERE t.space = space_id AND t.name = wanted AND NOT t.dropped;
  IF NOT FOUND THEN
    INSERT INTO @schema@.tables (space, name, kind, key_schema, value_schema, since)
    SELECT space_id, wanted, wanted_kind, wanted_key, wanted_value, s.seq + 1
      FROM @schema@.spaces s WHERE s.id = space_id
    RETURNING * INTO found_one;
    IF NOT FOUND THEN
      RAISE 'there is no space %', space_id USING ERRCODE = 'undefined_object';
    END IF;
    UPDATE @schema@.tables t
       SET view_name = @schema@.create_view(s.name, t.id, wanted, wanted_key, wanted_value)
      FROM @schema@.spaces s
     WHERE t.id = found_one.id AND s.id = space_id
    RETURNING t.* INTO found_one;
    PERFORM @schema@.note_change(space_id, call_nonce, 6::smallint, found_one.id, wanted);
  END IF;
  RETURN NEXT found_one;
END $$;

-- Drops a table: the number of the commit, or null if there is no such table.
CREATE FUNCTION @schema@.drop_table(space_id int, call_nonce uuid, unwanted text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  dropped_one @schema@.tables;
  view text;
BEGIN
  -- The view first: whoever reads it must not make commits wait.
  SELECT t.view_name INTO view FROM @schema@.tables t
   WHERE t.space = space_id AND t.name = unwanted AND NOT t.dropped;
  IF NOT FOUND THEN RETURN NULL; END IF;
  IF view IS NOT NULL THEN EXECUTE format('DROP VIEW IF EXISTS @schema@.%I', view); END IF;
  PERFORM pg_advisory_xact_lock(1936221292, space_id);
  UPDATE @schema@.tables t
     SET dropped = true, since = (SELECT s.seq + 1 FROM @schema@.spaces s WHERE s.id = space_id)
   WHERE t.space = space_id AND t.name = unwanted AND NOT t.dropped
  RETURNING * INTO dropped_one;
  IF NOT FOUND THEN RETURN NULL; END IF;
  IF dropped_one.view_name IS DISTINCT FROM view THEN  -- dropped and declared again meanwhile
    EXECUTE format('DROP VIEW IF EXISTS @schema@.%I', dropped_one.view_name);
  END IF;
  INSERT INTO @schema@.garbage (store) VALUES (dropped_one.store);
  RETURN @schema@.note_change(space_id, call_nonce, 8::smallint, dropped_one.id, unwanted);
END $$;

-- Has the space to itself until its transaction ends: commits of others wait. The last commit. The
-- caller sets idle_in_transaction_session_timeout, so that it cannot keep others waiting for long.
CREATE FUNCTION @schema@.hold(space_id int, OUT seq bigint, OUT nonce uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(1936221292, space_id);
  SELECT s.seq, s.nonce INTO seq, nonce FROM @schema@.spaces s WHERE s.id = space_id;
END $$;

-- Upkeep -------------------------------------------------------------------------------------------

-- A node reports its position and gets the head. It is a commit: when it returns, everything that
-- was acknowledged before it was sent is at or below that head, even during a fail-over.
CREATE FUNCTION @schema@.beat(
    space_id int, node uuid, node_name text, node_version text, node_seq bigint,
    OUT seq bigint, OUT nonce uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO @schema@.nodes AS n VALUES (space_id, node, node_name, node_version, node_seq, clock_timestamp())
  ON CONFLICT ON CONSTRAINT nodes_pkey DO UPDATE
    SET name = excluded.name, version = excluded.version, seq = excluded.seq, seen = excluded.seen;
  SELECT s.seq, s.nonce INTO seq, nonce FROM @schema@.spaces s WHERE s.id = space_id;
END $$;

-- Deletes up to `most` commits that are older than keep_for and not among the last keep_rows; how
-- many. Commits wait meanwhile, so a base that they have looked up stays.
CREATE FUNCTION @schema@.trim(space_id int, keep_rows bigint, keep_for interval, most int DEFAULT 500)
RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  deleted int;
  head bigint;
BEGIN
  IF NOT pg_try_advisory_xact_lock(1936221293, space_id) THEN RETURN 0; END IF;  -- another node does
  PERFORM pg_advisory_xact_lock(1936221292, space_id);
  SELECT s.seq INTO head FROM @schema@.spaces s WHERE s.id = space_id;
  DELETE FROM @schema@.commits c WHERE c.space = space_id AND c.seq IN (
    SELECT old.seq FROM @schema@.commits old
     WHERE old.space = space_id AND old.seq <= head - greatest(keep_rows, 1)
       AND old.made < clock_timestamp() - keep_for
     ORDER BY old.seq LIMIT most);
  GET DIAGNOSTICS deleted = ROW_COUNT;
  DELETE FROM @schema@.nodes n WHERE n.space = space_id AND n.seen < clock_timestamp() - interval '1 day';
  RETURN deleted;
END $$;

-- Deletes up to `most` entries of cleared and dropped tables; how many.
CREATE FUNCTION @schema@.collect(most int DEFAULT 5000) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  deleted int;
  old_store int;
BEGIN
  SELECT g.store INTO old_store FROM @schema@.garbage g ORDER BY g.since LIMIT 1 FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN RETURN 0; END IF;
  DELETE FROM @schema@.entries e
   WHERE e.ctid = ANY (ARRAY(SELECT x.ctid FROM @schema@.entries x WHERE x.store = old_store LIMIT most));
  GET DIAGNOSTICS deleted = ROW_COUNT;
  IF deleted < most THEN DELETE FROM @schema@.garbage g WHERE g.store = old_store; END IF;
  RETURN deleted;
END $$;

-- Privileges ---------------------------------------------------------------------------------------

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA @schema@ FROM PUBLIC;
GRANT SELECT ON @schema@.format, @schema@.spaces, @schema@.commits, @schema@.tables, @schema@.entries,
  @schema@.nodes TO @schema@_app, @schema@_admin;
GRANT SELECT ON @schema@.format, @schema@.spaces, @schema@.nodes TO @schema@_report;
GRANT EXECUTE ON FUNCTION
  @schema@.commit(int, bigint, uuid, uuid, int[], int[], int[], smallint[], int[], bytea[], bytea[], bytea[],
                  int[], smallint[], int[], bytea[], bytea[], int[]),
  @schema@.hold(int), @schema@.beat(int, uuid, text, text, bigint), @schema@.trim(int, bigint, interval, int),
  @schema@.collect(int) TO @schema@_app, @schema@_admin;
GRANT EXECUTE ON FUNCTION
  @schema@.json(bytea, jsonb), @schema@.cells(bytea, jsonb), @schema@.has_columns(jsonb),
  @schema@.json_at(bytea, int, jsonb, jsonb, int), @schema@.named_json(text[], jsonb[]),
  @schema@.map_json(bytea, int, bigint, jsonb, jsonb, int), @schema@.fits(bytea, int, jsonb, jsonb, int),
  @schema@.resolved(jsonb, jsonb), @schema@.binary_json(bytea), @schema@.time_text(numeric),
  @schema@.float_json(bytea), @schema@.integer_at(bytea, int, int, int), @schema@.atom_at(bytea, int),
  @schema@.end_of(bytea, int), @schema@.head_at(bytea, int), @schema@.is_text(bytea),
  @schema@.shape_of(bytea), @schema@.shape_at(text, int), @schema@.as_boolean(jsonb),
  @schema@.as_numeric(jsonb), @schema@.as_float(jsonb), @schema@.as_time(jsonb), @schema@.as_text(jsonb)
  TO @schema@_report, @schema@_app, @schema@_admin;
GRANT EXECUTE ON FUNCTION
  @schema@.declare(int, uuid, text, smallint, bytea, bytea), @schema@.drop_table(int, uuid, text),
  @schema@.create_space(text) TO @schema@_admin;

COMMIT;

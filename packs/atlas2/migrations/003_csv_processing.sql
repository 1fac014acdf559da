-- A CSV file, from file_data to processing_results, in SQL alone: any client that can upload the bytes and CALL process_job() will do.
--
-- A job goes over its file in slices of some megabytes. A slice is cut into lines, the lines into fields, and one INSERT … SELECT maps,
-- transforms, checks and writes them all; that the slice is written is noted in the same transaction. So a job that died at any point goes
-- on where it was, and no row is written twice or left out. Several sessions may work on one job, each on a slice of its own.
--
-- Inside, four control characters stand for what must not be mistaken for data: 0x1F for the end of a field, 0x1E for a line break inside
-- quotes, 0x1D for a quote in the wrong place, 0x1A for a NUL. A row that contains one of them from the start is rejected.

-- UP operations

CREATE FUNCTION csv_is_date(v text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  -- Most days are told by the first look.
  SELECT CASE
    WHEN v ~ '^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])$' OR v ~ '^[0-9]{4}-(?:0[13-9]|1[0-2])-(?:29|30)$'
      OR v ~ '^[0-9]{4}-(?:0[13578]|1[02])-31$' THEN v NOT LIKE '0000%'
    WHEN v ~ '^[0-9]{4}-02-29$' THEN left(v, 4)::int % 4 = 0 AND (left(v, 4)::int % 100 <> 0 OR left(v, 4)::int % 400 = 0) AND v NOT LIKE '0000%'
    ELSE false END
$$;
COMMENT ON FUNCTION csv_is_date(text) IS 'Whether a text is a day of the calendar as YYYY-MM-DD. It never raises an error, as a cast would.';

CREATE FUNCTION csv_decode(p_bytes bytea, p_encoding text) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  decoded text;
BEGIN
  -- No text of PostgreSQL holds a NUL. What stands for it keeps the length.
  IF position('\x00'::bytea IN p_bytes) > 0 THEN
    p_bytes := decode(replace(replace(encode(p_bytes, 'escape'), '\\', '\134'), '\000', E'\x1A'), 'escape');
  END IF;
  decoded := convert_from(p_bytes, p_encoding);
  IF strpos(decoded, E'\x1D') > 0 OR strpos(decoded, E'\x1E') > 0 OR strpos(decoded, E'\x1F') > 0 THEN
    decoded := translate(decoded, E'\x1D\x1E\x1F', E'\x1A\x1A\x1A');
  END IF;
  -- The line ends of old Macintoshes.
  IF strpos(decoded, E'\n') = 0 THEN
    decoded := replace(decoded, E'\r', E'\n');
  END IF;
  RETURN decoded;
END
$$;
COMMENT ON FUNCTION csv_decode(bytea, text) IS 'A slice of a file as text, with 0x1A in the place of NULs and of control characters that are used inside.';

CREATE FUNCTION csv_encoding(p_bytes bytea) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF substring(p_bytes FOR 2) IN ('\xfffe', '\xfeff') THEN
    RETURN NULL; -- UTF-16
  END IF;
  PERFORM public.csv_decode(p_bytes, 'UTF8');
  RETURN 'UTF8';
EXCEPTION WHEN character_not_in_repertoire OR untranslatable_character THEN
  RETURN 'LATIN1';
END
$$;
COMMENT ON FUNCTION csv_encoding(bytea) IS 'UTF8 where the bytes are valid as such, otherwise LATIN1; NULL for UTF-16.';

CREATE FUNCTION csv_slice(p_file uuid, p_from bigint, p_bytes bigint) RETURNS bytea
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  slice bytea;
  ahead bytea;
  line_end int;
BEGIN
  SELECT substring(content FROM p_from::int + 1 FOR p_bytes::int) INTO slice FROM public.file_data WHERE id = p_file;
  LOOP
    SELECT substring(content FROM p_from::int + octet_length(slice) + 1 FOR 1048576) INTO ahead FROM public.file_data WHERE id = p_file;
    EXIT WHEN coalesce(octet_length(ahead), 0) = 0; -- the end of the file, or no such file
    line_end := position('\x0a'::bytea IN ahead);
    slice := slice || CASE line_end WHEN 0 THEN ahead ELSE substring(ahead FOR line_end) END;
    EXIT WHEN line_end > 0;
  END LOOP;
  RETURN slice;
END
$$;
COMMENT ON FUNCTION csv_slice(uuid, bigint, bigint) IS 'So many bytes of a file, and what is left of their last line.';

-- A line with an odd number of quotes opens a quoted field that goes on below, or closes one, or is malformed. There are few of them; only
-- those are looked at one by one.
CREATE FUNCTION csv_join_lines(INOUT p_lines text[], p_delimiter text, p_is_last boolean, OUT unfinished_line int)
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  field   text := '(?:"(?:[^"]|"")*"|[^"' || p_delimiter || ']*)';
  opens   text := '^(?:' || field || '[' || p_delimiter || '])*"(?:[^"]|"")*$';
  closes  text := '^(?:[^"]|"")*"(?:[' || p_delimiter || ']' || field || ')*\r?$';
  odd     int;
  open_at int;
  joined  text;
BEGIN
  FOR odd IN
    SELECT l.line FROM unnest(p_lines) WITH ORDINALITY AS l (raw, line)
    WHERE (octet_length(l.raw) - octet_length(replace(l.raw, '"', ''))) % 2 = 1 ORDER BY l.line
  LOOP
    IF open_at IS NOT NULL AND p_lines[odd] ~ closes THEN
      joined := p_lines[open_at];
      FOR i IN open_at + 1 .. odd LOOP
        joined := joined || E'\x1E' || p_lines[i];
        p_lines[i] := '';
      END LOOP;
      p_lines[open_at] := joined;
      open_at := NULL;
    ELSE
      -- What was open was never closed: that line is rejected alone, and the lines after it are rows again.
      IF open_at IS NOT NULL THEN
        p_lines[open_at] := replace(p_lines[open_at], '"', E'\x1D');
      END IF;
      open_at := odd;
      IF p_lines[odd] !~ opens THEN
        p_lines[odd] := replace(p_lines[odd], '"', E'\x1D');
        open_at := NULL;
      END IF;
    END IF;
  END LOOP;
  IF p_is_last AND open_at IS NOT NULL THEN
    p_lines[open_at] := replace(p_lines[open_at], '"', E'\x1D');
  ELSE
    unfinished_line := open_at;
  END IF;
END
$$;
COMMENT ON FUNCTION csv_join_lines(text[], text, boolean) IS
  'Puts the lines of a quoted field with line breaks together at the first one''s place; the others become empty, so that line numbers stay. What cannot be a row gets 0x1D for its quotes. Answers where a field begins that the slice does not end.';

CREATE FUNCTION csv_fields(p_text text, p_delimiter text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
  -- Cut at the quotes: the pieces with even numbers were inside, the others outside. An outside one that is empty stands for a doubled quote.
  SELECT string_agg(
    CASE WHEN q.i % 2 = 0 THEN q.piece
         WHEN q.piece = '' THEN CASE WHEN q.i IN (1, a.n) THEN '' ELSE '"' END
         WHEN (q.i = 1 OR left(q.piece, 1) IN (p_delimiter, E'\n', E'\r')) AND (q.i = a.n OR right(q.piece, 1) IN (p_delimiter, E'\n'))
           THEN replace(q.piece, p_delimiter, E'\x1F')
         WHEN q.i > 1 AND left(q.piece, 1) NOT IN (p_delimiter, E'\n', E'\r') THEN E'\x1D' || replace(q.piece, p_delimiter, E'\x1F')
         ELSE replace(q.piece, p_delimiter, E'\x1F') || E'\x1D' END, '')
  FROM (SELECT pieces, cardinality(pieces) AS n FROM (SELECT string_to_array(p_text, '"') AS pieces OFFSET 0) s OFFSET 0) a,
       unnest(a.pieces) WITH ORDINALITY AS q (piece, i)
$$;
COMMENT ON FUNCTION csv_fields(text, text) IS
  'A text whose every line has an even number of quotes, with 0x1F between the fields and without the quotes; 0x1D where one is in the wrong place.';

CREATE FUNCTION csv_rule(p_type text, p jsonb, p_value text, p_headers text[]) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  pattern text;
BEGIN
  IF p_type = 'date' THEN
    pattern := CASE p ->> 'format'
      WHEN 'DD/MM/YYYY' THEN '^([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})$' WHEN 'MM/DD/YYYY' THEN '^([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})$'
      WHEN 'DD.MM.YYYY' THEN '^([0-9]{1,2})[.]([0-9]{1,2})[.]([0-9]{4})$' WHEN 'DD-MM-YYYY' THEN '^([0-9]{1,2})-([0-9]{1,2})-([0-9]{4})$'
      WHEN 'YYYY/MM/DD' THEN '^([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})$' ELSE '^([0-9]{4})([0-9]{2})([0-9]{2})$' END;
    -- Nearly every date has all its digits and is only put in another order; whether they are digits is checked afterwards.
    RETURN format('CASE WHEN %1$s LIKE %2$L THEN substr(%1$s, %3$s, 4) || ''-'' || substr(%1$s, %4$s, 2) || ''-'' || substr(%1$s, %5$s, 2) ELSE '
      || 'regexp_replace(regexp_replace(%1$s, %6$L, %7$L), ''^([0-9]{4})-0?([0-9]{2})-0?([0-9]{2})$'', ''\1-\2-\3'') END',
      p_value, translate(p ->> 'format', 'DMY', '___'), strpos(p ->> 'format', 'Y'), strpos(p ->> 'format', 'M'), strpos(p ->> 'format', 'D'), pattern,
      CASE WHEN p ->> 'format' LIKE 'DD%' THEN '\3-0\2-0\1' WHEN p ->> 'format' LIKE 'MM%' THEN '\3-0\1-0\2' ELSE '\1-0\2-0\3' END);
  END IF;
  IF p_type = 'concat' THEN
    RETURN format('concat_ws(%L%s)', p ->> 'separator',
      (SELECT string_agg(format(', nullif(f[%s], '''')', array_position(p_headers, c.name)), '' ORDER BY c.i)
       FROM jsonb_array_elements_text(p -> 'columns') WITH ORDINALITY AS c (name, i)));
  END IF;
  RETURN CASE p_type
    WHEN 'trim' THEN format('btrim(%s)', p_value)
    WHEN 'upper' THEN format('upper(%s)', p_value)
    WHEN 'lower' THEN format('lower(%s)', p_value)
    WHEN 'digits' THEN format('regexp_replace(%s, ''[^0-9]'', '''', ''g'')', p_value)
    WHEN 'replace' THEN format('replace(%s, %L, %L)', p_value, p ->> 'from', p ->> 'to')
    WHEN 'regex_replace' THEN format('regexp_replace(%s, %L, %L, ''g'')', p_value, p ->> 'pattern', p ->> 'to')
    WHEN 'prefix' THEN format('(%L || %s)', p ->> 'text', p_value)
    WHEN 'suffix' THEN format('(%s || %L)', p_value, p ->> 'text')
    WHEN 'pad_left' THEN format('lpad(%s, greatest(%s, char_length(%s)), %L)', p_value, p ->> 'length', p_value, p ->> 'text')
    WHEN 'substring' THEN format('substr(%s, %s, %s)', p_value, p ->> 'from', p ->> 'length')
    WHEN 'split_part' THEN format('split_part(%s, %L, %s)', p_value, p ->> 'delimiter', p ->> 'part')
    WHEN 'default' THEN format('coalesce(nullif(%s, ''''), %L)', p_value, p ->> 'value')
    WHEN 'constant' THEN format('%L::text', p ->> 'value')
    WHEN 'lookup' THEN format('coalesce(%L::jsonb ->> %s, %s)', p ->> 'values', p_value, p_value)
    WHEN 'decimal_comma' THEN format('replace(replace(%s, ''.'', ''''), '','', ''.'')', p_value)
  END;
END
$$;
COMMENT ON FUNCTION csv_rule(text, jsonb, text, text[]) IS 'A transformation rule as an SQL expression over another one; texts of users only ever as literals.';

CREATE FUNCTION csv_type_check(p_type text, p_value text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
  SELECT format(CASE p_type
    WHEN 'integer' THEN $c$WHEN octet_length(%1$s) > 18 OR ltrim(%1$s, '0123456789') <> '' AND %1$s !~ '^[+-][0-9]+$' THEN 'is not a whole number of at most 18 digits'$c$
    WHEN 'number' THEN $c$WHEN octet_length(%1$s) > 200 OR %1$s !~ '^[+-]?[0-9]+([.][0-9]*)?$' AND %1$s !~ '^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,2})?$' THEN 'is not a number'$c$
    WHEN 'boolean' THEN $c$WHEN lower(%1$s) NOT IN ('true', 'false', 't', 'f', '1', '0', 'yes', 'no', 'sim', 'não') THEN 'is neither true nor false'$c$
    WHEN 'date' THEN $c$WHEN NOT public.csv_is_date(%1$s) THEN 'is not a date as YYYY-MM-DD'$c$
    WHEN 'timestamp' THEN $c$WHEN NOT (%1$s ~ '^.{10}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?$' AND public.csv_is_date(left(%1$s, 10))) THEN 'is not a time as YYYY-MM-DDTHH:MM:SSZ'$c$
    WHEN 'email' THEN $c$WHEN %1$s !~ '^[^[:space:]@]+@[^[:space:]@]+[.][^[:space:]@]+$' THEN 'is not an e-mail address'$c$
    WHEN 'uuid' THEN $c$WHEN %1$s !~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN 'is not a UUID'$c$
    ELSE '' END, p_value)
$$;
COMMENT ON FUNCTION csv_type_check(text, text) IS 'The branch of a CASE that says why a value is not of a type.';

CREATE FUNCTION csv_compile(p_job processing_jobs, OUT problem text, OUT statement text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  mapping public.mapping_configurations;
  field   record;
  rule    record;
  value   text;
  fault   text;
  inputs  text[] := '{}';  -- the transformed values, v1, v2, …
  faults  text[] := '{}';  -- what is wrong with each, or NULL
  reports text[] := '{}';  -- the same, as the objects of processing_results.errors
  pairs   text[] := '{}';  -- keys and values of the result
  output  text;            -- the expression that makes it
  source  int;
  i       int := 0;
BEGIN
  IF p_job.mapping_configuration_id IS NULL THEN
    inputs := ARRAY['NULL AS v1'];
    output := format('jsonb_object(%L::text[], e.f)', p_job.headers);
  ELSE
    SELECT * INTO mapping FROM public.mapping_configurations WHERE id = p_job.mapping_configuration_id;
    SELECT format('the mapping fills the field "%s", which the API does not have', k) INTO problem
    FROM jsonb_object_keys(mapping.field_mappings) k
    WHERE NOT EXISTS (SELECT FROM public.api_fields a WHERE a.api_configuration_id = mapping.api_configuration_id AND a.name = k);
    IF problem IS NOT NULL THEN RETURN; END IF;
    FOR field IN SELECT * FROM public.api_fields a WHERE a.api_configuration_id = mapping.api_configuration_id ORDER BY a.position, a.name LOOP
      i := i + 1;
      source := array_position(p_job.headers, mapping.field_mappings ->> field.name);
      IF source IS NULL AND mapping.field_mappings ? field.name THEN
        problem := format('the file has no column "%s", which the mapping needs for the field "%s"', mapping.field_mappings ->> field.name, field.name);
        RETURN;
      END IF;
      value := CASE WHEN source IS NULL THEN 'NULL::text' ELSE format('nullif(f[%s], '''')', source) END;
      FOR rule IN SELECT * FROM public.transformation_rules t
                  WHERE t.mapping_configuration_id = mapping.id AND t.target_field = field.name ORDER BY t.position LOOP
        SELECT format('the file has no column "%s", which a rule needs for the field "%s"', c, field.name) INTO problem
        FROM jsonb_array_elements_text(CASE rule.rule_type WHEN 'concat' THEN rule.parameters -> 'columns' ELSE '[]' END) c
        WHERE array_position(p_job.headers, c) IS NULL;
        IF problem IS NOT NULL THEN RETURN; END IF;
        value := public.csv_rule(rule.rule_type, rule.parameters, value, p_job.headers);
      END LOOP;
      inputs := inputs || format('nullif(%s, '''') AS v%s', value, i);
      value := 'v' || i;
      fault := format('WHEN %s IS NULL THEN %s', value, CASE WHEN field.is_required THEN '''is required''' ELSE 'NULL' END)
        || ' ' || public.csv_type_check(field.data_type, value)
        || CASE WHEN field.max_length IS NULL THEN '' ELSE
             format(' WHEN octet_length(%1$s) > %2$s AND char_length(%1$s) > %2$s THEN ''is longer than %2$s characters''', value, field.max_length) END
        || CASE WHEN field.allowed_values IS NULL THEN '' ELSE
             format(' WHEN %s <> ALL (%L::text[]) THEN ''is none of the allowed values''', value, field.allowed_values) END
        || CASE WHEN field.pattern IS NULL THEN '' ELSE format(' WHEN %s !~ %L THEN ''does not have the expected form''', value, field.pattern) END;
      fault := format('CASE %s END', fault);
      faults := faults || fault;
      reports := reports || format('jsonb_build_object(''column'', %s, ''field'', %L, ''reason'', %s)', coalesce(source::text, 'NULL'), field.name, fault);
      pairs := pairs || format('%L, %s', field.name, CASE field.data_type
        WHEN 'integer' THEN value || '::bigint' WHEN 'number' THEN value || '::numeric'
        WHEN 'boolean' THEN format('lower(%s) IN (''true'', ''t'', ''1'', ''yes'', ''sim'')', value) ELSE value END);
    END LOOP;
    IF i = 0 THEN
      problem := 'the API of the mapping has no fields';
      RETURN;
    END IF;
    -- A function takes a hundred arguments at most.
    SELECT string_agg(format('jsonb_build_object(%s)', array_to_string(pairs[n + 1 : n + 40], ', ')), ' || ' ORDER BY n) INTO output
    FROM generate_series(0, i - 1, 40) n;
  END IF;
  -- The parts that hold for every file are in one place, below; what this file adds is put in.
  statement := format($statement$
    INSERT INTO public.processing_results (job_id, user_id, row_number, status, data, errors, raw)
    SELECT $1, $2, $3 + e.line - 1, CASE WHEN e.errors IS NULL THEN 'success' ELSE 'rejected' END,
           CASE WHEN e.errors IS NULL THEN %1$s END, e.errors,
           CASE WHEN e.errors IS NOT NULL THEN left(translate(e.raw, E'\x1E\x1D', E'\n"'), 10000) END
    FROM (
      SELECT v.*, CASE
        WHEN strpos(v.raw, E'\x1A') > 0 THEN jsonb_build_array(jsonb_build_object('column', NULL, 'reason', 'contains a NUL or another control character'))
        WHEN v.misquoted THEN jsonb_build_array(jsonb_build_object(
          'column', (SELECT min(i) FROM unnest(v.f) WITH ORDINALITY AS c (x, i) WHERE strpos(x, E'\x1D') > 0),
          'reason', 'a quote is in the wrong place or not closed'))
        WHEN cardinality(v.f) <> %3$s THEN jsonb_build_array(jsonb_build_object(
          'column', least(cardinality(v.f), %3$s) + 1, 'reason', 'has ' || cardinality(v.f) || ' fields instead of %3$s'))
        %4$s
        END AS errors
      FROM (
        SELECT p.*, %2$s
        FROM (
          SELECT l.line, l.raw, strpos(l.body, E'\x1D') > 0 AS misquoted,
                 string_to_array(CASE WHEN strpos(l.body, E'\x1E') > 0 THEN translate(l.body, E'\x1E', E'\n') ELSE l.body END, $6) AS f
          FROM (SELECT u.line, CASE WHEN $7 THEN rtrim(u.raw, E'\r') ELSE u.raw END AS raw,
                       CASE WHEN $7 THEN rtrim(u.body, E'\r') ELSE u.body END AS body
                FROM unnest($4, $5) WITH ORDINALITY AS u (raw, body, line)) l
          WHERE l.raw <> ''
          OFFSET 0) p
        OFFSET 0) v
      OFFSET 0) e$statement$,
    output, array_to_string(inputs, ', '), cardinality(p_job.headers),
    CASE WHEN i > 0 THEN format('WHEN %s THEN (SELECT jsonb_agg(x ORDER BY n) FROM unnest(ARRAY[%s]) WITH ORDINALITY AS r (x, n) WHERE x ->> ''reason'' IS NOT NULL)',
      (SELECT string_agg(format('(%s) IS NOT NULL', x), ' OR ') FROM unnest(faults) x), array_to_string(reports, ', ')) END);
END
$$;
COMMENT ON FUNCTION csv_compile(processing_jobs) IS 'A job''s mapping as the statement that writes a slice, or what is wrong with it.';

CREATE FUNCTION csv_header(p_text text, p_delimiter text, OUT headers text[], OUT line_count int, OUT char_count int, OUT problem text)
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  lines text[] := string_to_array(p_text, E'\n');
  first text;
BEGIN
  line_count := 1;
  first := lines[1];
  WHILE (octet_length(first) - octet_length(replace(first, '"', ''))) % 2 = 1 AND line_count < least(cardinality(lines), 100) LOOP
    line_count := line_count + 1;
    first := first || E'\n' || lines[line_count];
  END LOOP;
  char_count := CASE WHEN line_count < cardinality(lines) THEN char_length(first) + 1 ELSE char_length(first) END;
  first := public.csv_fields(rtrim(first, E'\r'), p_delimiter);
  headers := (SELECT array_agg(btrim(h) ORDER BY i) FROM unnest(string_to_array(first, E'\x1F')) WITH ORDINALITY AS u (h, i));
  IF strpos(first, E'\x1D') > 0 OR strpos(first, E'\x1A') > 0 THEN
    problem := 'the header has a quote in the wrong place or a control character';
  ELSIF coalesce(cardinality(headers), 0) = 0 OR headers = '{""}' THEN
    problem := 'the file has no header';
  ELSE
    SELECT format('column %s of the header has no name', i) INTO problem
    FROM unnest(headers) WITH ORDINALITY AS u (h, i) WHERE h = '' ORDER BY i LIMIT 1;
    IF problem IS NULL THEN
      SELECT format('the header has the column "%s" twice', left(h, 100)) INTO problem FROM unnest(headers) h GROUP BY h HAVING count(*) > 1 LIMIT 1;
    END IF;
  END IF;
END
$$;
COMMENT ON FUNCTION csv_header(text, text) IS 'The names in the first row, how many lines and characters it has, or what is wrong with it.';

CREATE FUNCTION fail_job(p_job uuid, p_reason text) RETURNS text
LANGUAGE sql SET search_path = pg_catalog, public, pg_temp
AS $$
  UPDATE public.processing_jobs SET status = 'failed', finished_at = clock_timestamp(), error_message = p_reason WHERE id = p_job RETURNING status
$$;
COMMENT ON FUNCTION fail_job(uuid, text) IS 'Ends a job with a reason.';

CREATE FUNCTION start_job(p_job uuid) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  job    public.processing_jobs;
  file   record;
  head   record;
  prefix text;
  bom    int;
BEGIN
  PERFORM public.expire_timed_out_jobs();
  SELECT * INTO job FROM public.processing_jobs WHERE id = p_job AND user_id = public.current_user_id() FOR UPDATE;
  IF job.id IS NULL THEN
    RAISE EXCEPTION 'there is no job % of this user', p_job USING ERRCODE = 'no_data_found',
      HINT = 'Set app.current_user_id to the job''s user first.';
  ELSIF job.status IN ('completed', 'cancelled') THEN
    RETURN job.status;
  END IF;
  UPDATE public.processing_jobs
  SET status = 'running', started_at = clock_timestamp(), finished_at = NULL, error_message = NULL, attempts = attempts + 1
  WHERE id = p_job;
  IF job.headers IS NOT NULL THEN
    RETURN 'running'; -- resumed
  END IF;

  SELECT f.id, f.purged_at, f.delimiter, coalesce(f.encoding, public.csv_encoding(f.content)) AS encoding,
         substring(f.content FOR 3) = '\xefbbbf' AS has_bom
  INTO file FROM public.file_data f WHERE f.id = job.file_id;
  IF file.purged_at IS NOT NULL THEN
    RETURN public.fail_job(p_job, 'the content of the file has been purged');
  ELSIF file.encoding IS NULL THEN
    RETURN public.fail_job(p_job, 'the file is in UTF-16; save it as UTF-8');
  END IF;
  bom := CASE WHEN file.has_bom THEN 3 ELSE 0 END;
  BEGIN
    prefix := public.csv_decode(public.csv_slice(file.id, bom, 1048576), file.encoding);
  EXCEPTION WHEN character_not_in_repertoire OR untranslatable_character THEN
    RETURN public.fail_job(p_job, 'the file is not in ' || file.encoding);
  END;
  SELECT * INTO head FROM public.csv_header(prefix, file.delimiter);
  IF head.problem IS NOT NULL THEN
    RETURN public.fail_job(p_job, head.problem);
  END IF;
  UPDATE public.file_data SET encoding = file.encoding WHERE id = file.id AND encoding IS DISTINCT FROM file.encoding;
  UPDATE public.processing_jobs
  SET headers = head.headers, checkpoint_line = 1 + head.line_count,
      checkpoint_bytes = bom + octet_length(convert_to(left(prefix, head.char_count), file.encoding))
  WHERE id = p_job RETURNING * INTO job;
  SELECT * INTO head FROM public.csv_compile(job);
  IF head.problem IS NOT NULL THEN
    -- What is mended in the mapping is to be seen by the next attempt, so the header is read again then.
    UPDATE public.processing_jobs SET headers = NULL, checkpoint_bytes = 0, checkpoint_line = 1 WHERE id = p_job;
    RETURN public.fail_job(p_job, head.problem);
  END IF;
  RETURN 'running';
END
$$;
COMMENT ON FUNCTION start_job(uuid) IS
  'Starts a pending job of the tenant, or resumes a failed or abandoned one at its checkpoint; answers its status. Refused where the user has max_concurrent_jobs running.';

CREATE FUNCTION csv_cut(p_file uuid, p_from bigint, p_bytes bigint, p_is_exact boolean,
  OUT lines text[], OUT bytes bigint, OUT is_quoted boolean, OUT has_returns boolean, OUT problem text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  file      record;
  slice     bytea;
  decoded   text;
  undone_at int;
BEGIN
  SELECT size_bytes, delimiter, encoding, purged_at INTO file FROM public.file_data WHERE id = p_file;
  IF file.purged_at IS NOT NULL THEN
    problem := 'the content of the file has been purged';
    RETURN;
  END IF;
  LOOP
    IF p_is_exact THEN
      SELECT substring(content FROM p_from::int + 1 FOR p_bytes::int) INTO slice FROM public.file_data WHERE id = p_file;
    ELSE
      slice := public.csv_slice(p_file, p_from, p_bytes);
    END IF;
    BEGIN
      decoded := public.csv_decode(slice, file.encoding);
    EXCEPTION WHEN character_not_in_repertoire OR untranslatable_character THEN
      problem := 'and those after it are not in ' || file.encoding;
      RETURN;
    END;
    lines := string_to_array(decoded, E'\n');
    undone_at := NULL;
    is_quoted := strpos(decoded, '"') > 0;
    IF is_quoted THEN
      SELECT p_lines, unfinished_line INTO lines, undone_at
      FROM public.csv_join_lines(lines, file.delimiter, p_from + octet_length(slice) >= file.size_bytes);
    END IF;
    EXIT WHEN p_is_exact OR undone_at IS DISTINCT FROM 1;
    p_bytes := 4 * p_bytes; -- one row that is longer than the slice
  END LOOP;

  has_returns := strpos(decoded, E'\r') > 0;
  bytes := octet_length(slice);
  IF undone_at IS NOT NULL THEN
    bytes := bytes - octet_length(convert_to(array_to_string(lines[undone_at:], E'\n'), file.encoding));
    lines := lines[:undone_at - 1];
  ELSIF lines[cardinality(lines)] = '' THEN
    lines := lines[:cardinality(lines) - 1]; -- behind the last line end
  END IF;
END
$$;
COMMENT ON FUNCTION csv_cut(uuid, bigint, bigint, boolean) IS
  'The rows that begin in a stretch of a file, in lines, and the bytes they take. Exact is a stretch that this function has cut before.';

-- Several sessions work on one job: each takes a slice in a transaction that lasts as long as it takes to find its end, and writes it in another.
ALTER TABLE processing_jobs ADD COLUMN unwritten jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN processing_jobs.unwritten IS
  'The slices that were taken and are not written: {"first byte": {"line", "bytes"}}. A session writes each of them, or died of it.';
COMMENT ON COLUMN processing_jobs.checkpoint_bytes IS
  'Everything before this byte of the file has been taken; it is in processing_results, but for what unwritten names.';

CREATE FUNCTION take_slice(p_job uuid, p_bytes bigint DEFAULT 2097152,
  OUT status text, OUT at_byte bigint, OUT lines text[], OUT is_quoted boolean, OUT has_returns boolean)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  job public.processing_jobs;
  cut record;
BEGIN
  SELECT * INTO job FROM public.processing_jobs j WHERE j.id = p_job AND j.user_id = public.current_user_id() FOR NO KEY UPDATE;
  IF job.id IS NULL THEN
    RAISE EXCEPTION 'there is no job % of this user', p_job USING ERRCODE = 'no_data_found';
  END IF;
  status := job.status;
  IF status <> 'running' THEN
    RETURN;
  ELSIF clock_timestamp() > job.started_at + make_interval(secs => public.system_setting('job_timeout')::text::int) THEN
    status := public.fail_job(p_job, format('timed out after %s seconds', public.system_setting('job_timeout')));
  ELSIF job.checkpoint_bytes < (SELECT f.size_bytes FROM public.file_data f WHERE f.id = job.file_id) THEN
    SELECT * INTO cut FROM public.csv_cut(job.file_id, job.checkpoint_bytes, p_bytes, false);
    IF cut.problem IS NOT NULL THEN
      status := public.fail_job(p_job, CASE WHEN cut.problem LIKE 'and %' THEN format('line %s ', job.checkpoint_line) ELSE '' END || cut.problem);
      RETURN;
    END IF;
    at_byte := job.checkpoint_bytes; lines := cut.lines; is_quoted := cut.is_quoted; has_returns := cut.has_returns;
    UPDATE public.processing_jobs j SET
      checkpoint_bytes = job.checkpoint_bytes + cut.bytes,
      checkpoint_line = job.checkpoint_line + cardinality(cut.lines),
      unwritten = j.unwritten || jsonb_build_object(at_byte, jsonb_build_object('line', job.checkpoint_line, 'bytes', cut.bytes))
    WHERE j.id = p_job;
  ELSIF job.unwritten <> '{}' THEN
    -- Nothing is left to be taken. What others took is waited for, and written where nobody lives to do it.
    at_byte := (SELECT min(k::bigint) FROM jsonb_object_keys(job.unwritten) k);
  ELSE
    UPDATE public.processing_jobs j SET status = 'completed', finished_at = clock_timestamp() WHERE j.id = p_job RETURNING j.status INTO status;
  END IF;
END
$$;
COMMENT ON FUNCTION take_slice(uuid, bigint) IS
  'Takes the next slice of a running job, for write_slice(), and answers the job''s status. Without lines it is one that another session took.';

CREATE FUNCTION lock_slice(p_job uuid, p_byte bigint) RETURNS bigint
LANGUAGE sql STABLE
AS $$ SELECT pg_catalog.hashtextextended('atlas2 slice ' || p_job || ' ' || p_byte, 0) $$;
COMMENT ON FUNCTION lock_slice(uuid, bigint) IS 'The advisory lock under which a slice is written.';

CREATE FUNCTION write_slice(p_job uuid, p_byte bigint, p_lines text[], p_is_quoted boolean, p_has_returns boolean) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp SET work_mem = '64MB' AS $$
DECLARE
  job       public.processing_jobs;
  taken     jsonb;
  file      record;
  cut       record;
  compiled  record;
  bodies    text[]; -- the lines with their fields apart
  at_line   bigint;
  written   bigint;
  rejected  bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(public.lock_slice(p_job, p_byte));
  -- Seen after the lock: whoever wrote this slice has committed.
  SELECT * INTO job FROM public.processing_jobs WHERE id = p_job AND user_id = public.current_user_id();
  taken := job.unwritten -> p_byte::text;
  IF job.status <> 'running' OR taken IS NULL THEN
    RETURN job.status;
  END IF;
  at_line := (taken ->> 'line')::bigint;
  SELECT size_bytes, delimiter INTO file FROM public.file_data WHERE id = job.file_id;
  IF p_lines IS NULL THEN
    SELECT * INTO cut FROM public.csv_cut(job.file_id, p_byte, (taken ->> 'bytes')::bigint, true);
    IF cut.problem IS NOT NULL THEN
      RETURN public.fail_job(p_job, cut.problem);
    END IF;
    p_lines := cut.lines; p_is_quoted := cut.is_quoted; p_has_returns := cut.has_returns;
  END IF;
  SELECT * INTO compiled FROM public.csv_compile(job);
  IF compiled.problem IS NOT NULL THEN
    RETURN public.fail_job(p_job, compiled.problem);
  END IF;

  bodies := p_lines;
  IF p_is_quoted THEN
    bodies := string_to_array(public.csv_fields(array_to_string(p_lines, E'\n'), file.delimiter), E'\n');
  END IF;
  EXECUTE compiled.statement
    USING job.id, job.user_id, at_line, p_lines, bodies, CASE WHEN p_is_quoted THEN E'\x1F' ELSE file.delimiter END, p_has_returns;
  GET DIAGNOSTICS written = ROW_COUNT;
  SELECT count(*) INTO rejected FROM public.processing_results r
  WHERE r.job_id = p_job AND r.row_number >= at_line AND r.row_number < at_line + cardinality(p_lines) AND r.status = 'rejected';

  UPDATE public.processing_jobs j SET
    unwritten = j.unwritten - p_byte::text,
    rows_succeeded = j.rows_succeeded + written - rejected,
    rows_rejected = j.rows_rejected + rejected
  WHERE j.id = p_job RETURNING * INTO job;
  IF job.status = 'running' AND job.unwritten = '{}' AND job.checkpoint_bytes >= file.size_bytes THEN
    UPDATE public.processing_jobs j SET status = 'completed', finished_at = clock_timestamp() WHERE j.id = p_job RETURNING * INTO job;
  END IF;
  RETURN job.status;
END
$$;
COMMENT ON FUNCTION write_slice(uuid, bigint, text[], boolean, boolean) IS
  'Writes to processing_results what take_slice() took, unless it is written, and answers the job''s status.';

CREATE FUNCTION process_job_batch(p_job uuid, p_bytes bigint DEFAULT 2097152) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  slice record;
BEGIN
  SELECT * INTO slice FROM public.take_slice(p_job, p_bytes);
  -- The job's row is locked now, and whoever writes the slice of another session needs it: it must not be waited for.
  IF slice.at_byte IS NULL OR slice.lines IS NULL AND NOT pg_try_advisory_xact_lock(public.lock_slice(p_job, slice.at_byte)) THEN
    RETURN slice.status;
  END IF;
  RETURN public.write_slice(p_job, slice.at_byte, slice.lines, slice.is_quoted, slice.has_returns);
END
$$;
COMMENT ON FUNCTION process_job_batch(uuid, bigint) IS
  'Takes the next slice of a running job from the file to processing_results and answers the job''s status. Two processes on one job take turns.';

CREATE PROCEDURE work_on_job(p_job uuid)
LANGUAGE plpgsql AS $$
DECLARE
  slice record;
BEGIN
  LOOP
    SELECT * INTO slice FROM public.take_slice(p_job);
    COMMIT;
    EXIT WHEN slice.status <> 'running';
    PERFORM public.write_slice(p_job, slice.at_byte, slice.lines, slice.is_quoted, slice.has_returns);
    COMMIT;
  END LOOP;
END
$$;
COMMENT ON PROCEDURE work_on_job(uuid) IS
  'Works on a running job until all of it is written. Any number of sessions may do it at once; each uses one processor of the server.';

CREATE PROCEDURE process_job(p_job uuid)
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM public.start_job(p_job);
  COMMIT;
  CALL public.work_on_job(p_job);
END
$$;
COMMENT ON PROCEDURE process_job(uuid) IS
  'Runs a job to its end, slice by slice in transactions of their own. The session''s app.current_user_id must be the job''s user; called again, it resumes.';

-- DOWN operations
-- DROP PROCEDURE process_job(uuid), work_on_job(uuid);
-- DROP FUNCTION process_job_batch(uuid, bigint), write_slice(uuid, bigint, text[], boolean, boolean), lock_slice(uuid, bigint), take_slice(uuid, bigint);
-- COMMENT ON COLUMN processing_jobs.checkpoint_bytes IS 'Everything before this byte of the file is in processing_results; written in the same transaction.';
-- ALTER TABLE processing_jobs DROP COLUMN unwritten;
-- DROP FUNCTION csv_cut(uuid, bigint, bigint, boolean), start_job(uuid), fail_job(uuid, text), csv_header(text, text),
--   csv_compile(processing_jobs), csv_type_check(text, text), csv_rule(text, jsonb, text, text[]), csv_fields(text, text),
--   csv_join_lines(text[], text, boolean), csv_slice(uuid, bigint, bigint), csv_encoding(bytea), csv_decode(bytea, text), csv_is_date(text);

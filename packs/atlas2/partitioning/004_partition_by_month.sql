-- Turns audit_logs and processing_results into tables partitioned by month, for high volume. Optional: copy this file into migrations/ (with
-- the next free number) and run ponte migrate up. The DOWN part turns them back. No row is lost either way; both tables are locked meanwhile.
--
-- Afterwards cleanup_old_data() makes the partitions of the next months and drops those that retention has emptied, as whole tables.
-- The key of a partitioned table holds the time as well: (job_id, row_number) is then kept unique by the jobs' checkpoints alone.

-- UP operations

CREATE FUNCTION add_partition(p_table text, p_month date) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  partition   text := p_table || to_char(p_month, '_YYYY_MM');
  from_time   timestamptz := date_trunc('month', p_month::timestamp) AT TIME ZONE 'UTC';
  to_time     timestamptz := (date_trunc('month', p_month::timestamp) + interval '1 month') AT TIME ZONE 'UTC';
  time_column text := CASE p_table WHEN 'audit_logs' THEN 'occurred_at' ELSE 'created_at' END;
BEGIN
  IF to_regclass('public.' || quote_ident(partition)) IS NOT NULL THEN
    RETURN NULL;
  END IF;
  -- Made beside the parent and attached, which locks less than CREATE TABLE … PARTITION OF. The check spares the scan.
  EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS, CONSTRAINT bounds CHECK (%I >= %L AND %I < %L))',
                 partition, p_table, time_column, from_time, time_column, to_time);
  -- Nobody reaches rows past the parent and its policies.
  EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', partition);
  EXECUTE format('WITH moved AS (DELETE FROM public.%I WHERE %I >= %L AND %I < %L RETURNING *) INSERT INTO public.%I SELECT * FROM moved',
                 p_table || '_default', time_column, from_time, time_column, to_time, partition);
  EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)', p_table, partition, from_time, to_time);
  EXECUTE format('ALTER TABLE public.%I DROP CONSTRAINT bounds', partition);
  EXECUTE format('COMMENT ON TABLE public.%I IS %L', partition, p_table || ' of ' || to_char(p_month, 'YYYY-MM') || ', in UTC.');
  RETURN partition;
END
$$;
COMMENT ON FUNCTION add_partition(text, date) IS 'Makes the partition of a month, with what had fallen into the default partition; NULL where it is there.';

CREATE FUNCTION create_next_partitions(p_months int DEFAULT 3) RETURNS TABLE (partition_name text)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT made.name
  FROM unnest(ARRAY['audit_logs', 'processing_results']) AS t (name), generate_series(0, p_months) AS m (n),
       LATERAL (SELECT public.add_partition(t.name, (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => m.n))::date)) AS made (name)
  WHERE made.name IS NOT NULL
$$;
COMMENT ON FUNCTION create_next_partitions(int) IS 'Makes the partitions of this month and of so many after it, and names those that were missing.';

CREATE FUNCTION drop_expired_partitions() RETURNS TABLE (table_name text, action text, row_count bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  expired record;
  needed  boolean;
BEGIN
  FOR expired IN
    SELECT p.relname::text AS parent, c.relname::text AS partition
    FROM (VALUES ('audit_logs', public.system_setting('audit_log_retention_days')),
                 ('processing_results', public.system_setting('processing_results_retention_days'))) AS t (name, days)
    JOIN pg_class p ON p.oid = ('public.' || t.name)::regclass
    JOIN pg_inherits i ON i.inhparent = p.oid JOIN pg_class c ON c.oid = i.inhrelid
    WHERE t.days <> 'null' AND c.relname ~ '_[0-9]{4}_[0-9]{2}$'
      AND (to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month') AT TIME ZONE 'UTC' <= now() - make_interval(days => t.days::text::int)
    ORDER BY 1, 2
  LOOP
    IF expired.parent = 'processing_results' THEN
      EXECUTE format('SELECT EXISTS (SELECT FROM public.processing_jobs j WHERE j.status IN (''pending'', ''running'') AND EXISTS (SELECT FROM public.%I r WHERE r.job_id = j.id))',
                     expired.partition) INTO needed;
      CONTINUE WHEN needed;
    END IF;
    EXECUTE format('SELECT count(*) FROM public.%I', expired.partition) INTO row_count;
    EXECUTE format('ALTER TABLE public.%I DETACH PARTITION public.%I', expired.parent, expired.partition);
    EXECUTE format('DROP TABLE public.%I', expired.partition);
    -- No trigger sees a dropped table.
    INSERT INTO public.audit_logs (action, table_name, record_id, row_count)
    SELECT 'DELETE', expired.parent, expired.partition, drop_expired_partitions.row_count
    WHERE expired.parent <> 'audit_logs' AND drop_expired_partitions.row_count > 0;
    table_name := expired.parent; action := 'dropped with ' || expired.partition;
    RETURN NEXT;
  END LOOP;
END
$$;
COMMENT ON FUNCTION drop_expired_partitions() IS 'Drops the partitions whose rows are all older than retention allows, but for results of unfinished jobs, and reports them.';

CREATE FUNCTION maintain_partitions() RETURNS TABLE (table_name text, action text, row_count bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT left(partition_name, -8), 'added ' || partition_name, 0::bigint FROM public.create_next_partitions()
  UNION ALL SELECT * FROM public.drop_expired_partitions()
$$;
COMMENT ON FUNCTION maintain_partitions() IS 'What cleanup_old_data() does about partitions: first the new ones, then the expired ones.';

-- Takes a table apart and puts it together again in the other form, with whatever migrations have given it since.
CREATE FUNCTION switch_partitioning(p_on boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  t         record;
  again     text[];
  statement text;
  described text;
  month     date;
BEGIN
  FOR t IN SELECT * FROM (VALUES ('audit_logs', 'id', 'occurred_at'), ('processing_results', 'job_id, row_number', 'created_at')) AS v (name, key, at) LOOP
    EXECUTE format('LOCK TABLE public.%I IN ACCESS EXCLUSIVE MODE', t.name);
    described := obj_description(('public.' || t.name)::regclass, 'pg_class');
    again := ARRAY(
      SELECT replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ') FROM pg_index i
      WHERE i.indrelid = ('public.' || t.name)::regclass AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid AND c.contype = 'p')
      ORDER BY i.indexrelid)
      || ARRAY(
      SELECT format('ALTER TABLE public.%I ADD CONSTRAINT %I %s', t.name, c.conname, pg_get_constraintdef(c.oid)) FROM pg_constraint c
      WHERE c.conrelid = ('public.' || t.name)::regclass AND c.contype = 'f' AND c.conparentid = 0)
      || ARRAY(
      SELECT pg_get_triggerdef(g.oid) FROM pg_trigger g WHERE g.tgrelid = ('public.' || t.name)::regclass AND NOT g.tgisinternal)
      || ARRAY(
      SELECT format('CREATE POLICY %I ON public.%I AS %s FOR %s TO %s', p.policyname, t.name, p.permissive, p.cmd, array_to_string(ARRAY(SELECT quote_ident(r) FROM unnest(p.roles) r), ', '))
             || coalesce(' USING (' || p.qual || ')', '') || coalesce(' WITH CHECK (' || p.with_check || ')', '')
      FROM pg_policies p WHERE p.schemaname = 'public' AND p.tablename = t.name)
      || ARRAY(
      SELECT format('GRANT %s ON public.%I TO %I', string_agg(a.privilege_type, ', '), t.name, pg_get_userbyid(a.grantee)) FROM pg_class c, aclexplode(c.relacl) a
      WHERE c.oid = ('public.' || t.name)::regclass AND a.grantee NOT IN (0, c.relowner) GROUP BY a.grantee);

    EXECUTE format('ALTER TABLE public.%I RENAME TO %I', t.name, t.name || '_before');
    EXECUTE format('ALTER TABLE public.%I RENAME CONSTRAINT %I TO %I', t.name || '_before', t.name || '_pkey', t.name || '_before_pkey');
    IF t.name = 'audit_logs' THEN
      ALTER SEQUENCE public.audit_logs_id_seq RENAME TO audit_logs_before_id_seq;
    END IF;
    EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING DEFAULTS INCLUDING IDENTITY INCLUDING CONSTRAINTS INCLUDING COMMENTS INCLUDING STORAGE) %s',
                   t.name, t.name || '_before', CASE WHEN p_on THEN format('PARTITION BY RANGE (%I)', t.at) END);
    EXECUTE format('COMMENT ON TABLE public.%I IS %L', t.name, described);
    EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', t.name);
    IF p_on THEN
      -- What no month has been made for does not get lost.
      EXECUTE format('CREATE TABLE public.%I PARTITION OF public.%I DEFAULT', t.name || '_default', t.name);
      EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', t.name || '_default');
      EXECUTE format('COMMENT ON TABLE public.%I IS %L', t.name || '_default', t.name || ' outside of every month that has a partition.');
      FOR month IN EXECUTE format('SELECT DISTINCT date_trunc(''month'', %I AT TIME ZONE ''UTC'')::date FROM public.%I', t.at, t.name || '_before') LOOP
        PERFORM public.add_partition(t.name, month);
      END LOOP;
    END IF;
    EXECUTE format('INSERT INTO public.%I OVERRIDING SYSTEM VALUE SELECT * FROM public.%I', t.name, t.name || '_before');
    EXECUTE format('ALTER TABLE public.%I ADD CONSTRAINT %I PRIMARY KEY (%s%s)', t.name, t.name || '_pkey', t.key, CASE WHEN p_on THEN ', ' || t.at END);
    IF t.name = 'audit_logs' THEN
      PERFORM setval('public.audit_logs_id_seq', nextval('public.audit_logs_before_id_seq'), false);
    END IF;
    EXECUTE format('DROP TABLE public.%I', t.name || '_before');
    FOREACH statement IN ARRAY again LOOP
      EXECUTE statement;
    END LOOP;
  END LOOP;
END
$$;
COMMENT ON FUNCTION switch_partitioning(boolean) IS 'Makes partitioned tables of audit_logs and processing_results, or plain ones again.';

REVOKE EXECUTE ON FUNCTION add_partition(text, date), create_next_partitions(int), drop_expired_partitions(), maintain_partitions(),
  switch_partitioning(boolean) FROM PUBLIC;

SELECT switch_partitioning(true);
SELECT create_next_partitions();

-- DOWN operations
-- SELECT switch_partitioning(false);
-- DROP FUNCTION switch_partitioning(boolean), maintain_partitions(), drop_expired_partitions(), create_next_partitions(int),
--   add_partition(text, date);

-- Roles of subject-record on PostgreSQL 15 or newer, by psql, as a superuser:
--
--   psql --set owner=NAME --set service=NAME --file postgres-roles.sql --dbname URL
--
-- `owner`   (subject_record_owner by default) makes and changes tables; an upgrade's first start runs as it.
-- `service` (subject_record by default) is what instances run as, day by day. It cannot change or remove an event, nor
--           any table, trigger or index.
--
-- Run it before the first start (it makes the roles and the schemas), after that start (it gives the rights on what is
-- there), and after every upgrade that brings tables. It may be run any number of times, and on several databases: keys
-- may lie in one of their own. It takes back what it does not give. Passwords are not its affair: \password NAME.
--
-- What no role can promise: owner, superuser and whoever has the disk can change events. That this is noticed is what
-- the transparency log and the witnesses outside are for.

\set ON_ERROR_STOP on
\if :{?owner} \else \set owner subject_record_owner \endif
\if :{?service} \else \set service subject_record \endif

BEGIN;

SET LOCAL client_min_messages = warning;
SELECT set_config('subject_record.owner', :'owner', true), set_config('subject_record.service', :'service', true)
\g /dev/null

DO $$
DECLARE
    owner   text := current_setting('subject_record.owner');
    service text := current_setting('subject_record.service');
    role    text;
    place   record;
    thing   record;
    wanted  record;
BEGIN
    FOREACH role IN ARRAY ARRAY[owner, service] LOOP
        IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = role) THEN
            EXECUTE format('CREATE ROLE %I LOGIN', role);
        END IF;
        EXECUTE format('ALTER ROLE %I NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS', role);
        -- CREATE, since a rebuild of read models fills a schema of its own, which is made for it and dropped.
        EXECUTE format('GRANT CONNECT, CREATE ON DATABASE %I TO %I', current_database(), role);
    END LOOP;
    IF pg_has_role(service, owner, 'MEMBER') THEN
        RAISE EXCEPTION 'role % is a member of %, and so may do all that it may', service, owner;
    END IF;

    -- Schemas, and what lies in them, are the owner's. What it may do follows from that.
    FOR place IN SELECT unnest(ARRAY['events', 'log', 'keys', 'read_models']) AS name LOOP
        EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I', place.name);
        EXECUTE format('ALTER SCHEMA %I OWNER TO %I', place.name, owner);
        EXECUTE format('REVOKE ALL ON SCHEMA %I FROM PUBLIC, %I', place.name, service);
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', place.name, service);
        EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM PUBLIC, %I', place.name, service);
        EXECUTE format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA %I FROM PUBLIC, %I', place.name, service);
        FOR thing IN SELECT format('%I.%I', schemaname, tablename) AS name
                     FROM pg_tables WHERE schemaname = place.name LOOP
            EXECUTE format('ALTER TABLE %s OWNER TO %I', thing.name, owner);
        END LOOP;
        FOR thing IN SELECT p.oid::regprocedure AS name
                     FROM pg_proc p WHERE p.pronamespace = place.name::regnamespace LOOP
            EXECUTE format('ALTER ROUTINE %s OWNER TO %I', thing.name, owner);
        END LOOP;
    END LOOP;

    -- A first start as owner begins to build read models: the service goes on with them.
    FOR place IN SELECT nspname AS name FROM pg_namespace WHERE starts_with(nspname, 'read_models_') LOOP
        EXECUTE format('ALTER SCHEMA %I OWNER TO %I', place.name, service);
        FOR thing IN SELECT format('%I.%I', schemaname, tablename) AS name
                     FROM pg_tables WHERE schemaname = place.name LOOP
            EXECUTE format('ALTER TABLE %s OWNER TO %I', thing.name, service);
        END LOOP;
    END LOOP;

    -- What the service may do with each table. A table that does not stand here it cannot even read.
    FOR wanted IN
        SELECT t.schema, t.rights, unnest(t.tables) AS name FROM (VALUES
            -- Which migrations have been run: a start compares them.
            ('events',      'SELECT',                         ARRAY['_sqlx_migrations']),
            ('log',         'SELECT',                         ARRAY['_sqlx_migrations']),
            ('keys',        'SELECT',                         ARRAY['_sqlx_migrations']),
            ('read_models', 'SELECT',                         ARRAY['_sqlx_migrations']),
            -- Appended to, and never changed. A box may be destroyed, and is never changed either.
            ('events',      'SELECT, INSERT',                 ARRAY['events', 'streams', 'sources', 'texts']),
            ('events',      'SELECT, INSERT, DELETE',         ARRAY['boxes']),
            ('events',      'SELECT, UPDATE',                 ARRAY['sequencer']),
            -- Derived from the events, all but the stamps.
            ('log',         'SELECT, INSERT, UPDATE',         ARRAY['tiles', 'bundles', 'tree_progress', 'heads', 'buckets',
                                                                    'heads_progress', 'stamps']),
            ('log',         'SELECT, INSERT, UPDATE, DELETE', ARRAY['checkpoints', 'requests', 'refusals']),
            -- A key may be destroyed, the fence behind it never. A token is revoked and stays.
            ('keys',        'SELECT, INSERT, DELETE',         ARRAY['deks', 'lookup_entries', 'invalidations']),
            ('keys',        'SELECT, INSERT',                 ARRAY['fences']),
            ('keys',        'SELECT, INSERT, UPDATE',         ARRAY['tokens', 'lookup_state']),
            ('keys',        'SELECT, INSERT, UPDATE, DELETE', ARRAY['instances']),
            ('keys',        'SELECT, UPDATE',                 ARRAY['invalidation_counter']),
            -- Derived from the events; their rows lie in schemas of the service's own.
            ('read_models', 'SELECT, INSERT, UPDATE',         ARRAY['projections']),
            ('read_models', 'SELECT, INSERT, DELETE',         ARRAY['retired']),
            ('read_models', 'SELECT, INSERT, UPDATE, DELETE', ARRAY['requests'])
        ) AS t (schema, rights, tables)
    LOOP
        IF to_regclass(format('%I.%I', wanted.schema, wanted.name)) IS NOT NULL THEN
            EXECUTE format('GRANT %s ON %I.%I TO %I', wanted.rights, wanted.schema, wanted.name, service);
        END IF;
    END LOOP;
END $$;

COMMIT;

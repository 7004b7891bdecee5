-- The owner and the app role and their database. As a superuser, once, and again without harm:
--   psql -v owner_password=… -v app_password=… -v name=zhanggui -f deploy/bootstrap.sql postgres
-- The owner migrates; the app owns nothing, and gets its rights from `manage.py migrate`.
\set ON_ERROR_STOP on
\if :{?name} \else \set name zhanggui \endif
\if :{?owner} \else \set owner :name _owner \endif
\if :{?app} \else \set app :name _app \endif

SELECT format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS', :'owner')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'owner') \gexec
SELECT format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS', :'app')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'app') \gexec
\if :{?owner_password}
SELECT format('ALTER ROLE %I PASSWORD %L', :'owner', :'owner_password') \gexec
\endif
\if :{?app_password}
SELECT format('ALTER ROLE %I PASSWORD %L', :'app', :'app_password') \gexec
\endif

-- With lc_ctype C, search would be blind to Chinese.
SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING ''UTF8'' LC_COLLATE ''C'' LC_CTYPE ''C.UTF-8''',
              :'name', :'owner')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \gexec
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"name" TO :"owner", :"app";
GRANT CREATE, TEMPORARY ON DATABASE :"name" TO :"owner";
GRANT TEMPORARY ON DATABASE :"name" TO :"app";
ALTER ROLE :"app" IN DATABASE :"name" SET synchronous_commit = on;

\connect :"name"
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
ALTER SCHEMA public OWNER TO :"owner";
GRANT USAGE ON SCHEMA public TO :"app";

-- For a server that the host doesn't start: what the embedded one has as settings of its own (`cluster/settings.rs`),
-- for the host's logins alone. Run by a superuser after roles.sql; every statement may be repeated.

do $$
declare
  login text;
  setting text;
begin
  foreach login in array array['casemate_migrate', 'casemate_host', 'casemate_sql'] loop
    foreach setting in array array[
      -- A commit that was acknowledged survives a power cut.
      'synchronous_commit = on',
      -- What one hostile statement can put on disk, and how long anybody waits for another.
      'temp_file_limit = ''256MB''', 'lock_timeout = ''15s''',
      -- app.tenant() is bound to one backend; parallel workers are others.
      'max_parallel_workers_per_gather = 0', 'jit = off',
      -- Statements and parameters carry tenants' data: none of it goes into the server's log.
      'log_statement = none', 'log_min_error_statement = panic', 'log_error_verbosity = terse',
      'log_min_duration_statement = -1', 'log_min_duration_sample = -1', 'log_transaction_sample_rate = 0',
      'log_duration = off', 'log_parameter_max_length = 0', 'log_parameter_max_length_on_error = 0'
    ] loop
      execute format('alter role %I set %s', login, setting);
    end loop;
    -- A server whose client is gone stops working for it soon: this is how a cancelled run frees it. Not every system
    -- can tell; there the statement's own timeout ends it.
    begin
      execute format('alter role %I set client_connection_check_interval = ''250ms''', login);
    exception when others then
      raise notice 'this server does not notice that a client is gone';
    end;
  end loop;
end $$;

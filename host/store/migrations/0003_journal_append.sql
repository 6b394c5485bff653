-- The only way into the journal. The functions run as the owner, who alone holds INSERT; FORCE and the floor hold the
-- owner to the open claim, so a run of another tenant isn't found. Anybody in the transaction may call them, a hostile
-- statement included: without a tag under the host's journal key, which covers every argument, nothing is appended.

-- Returns the number of rows appended: all of them, or 0 when the tag is wrong or another claim holds the run.
create function casemate.journal_append(
  p_key text, p_run uuid, p_epoch bigint, p_seqs bigint[], p_kinds smallint[], p_frames bytea[], p_tag bytea
) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  message bytea;
  appended bigint;
begin
  if cardinality(p_seqs) > 1024 then
    return 0;
  end if;
  select convert_to(concat_ws('|', 'casemate-journal-v1', p_key, app.tenant(), p_run, p_epoch), 'UTF8')
    || string_agg(convert_to(format('|%s:%s:%s|', r.seq, r.kind, octet_length(r.frame)), 'UTF8') || r.frame,
      ''::bytea order by r.place)
    into message
    from unnest(p_seqs, p_kinds, p_frames) with ordinality as r (seq, kind, frame, place);
  if p_tag is null or p_tag is distinct from app.tag(p_key, 'journal', message) then
    return 0;
  end if;
  -- FOR SHARE: a claim that raises the epoch waits for this transaction, and an append that waited for a claim looks
  -- again and finds the newer epoch. Without it a row could be committed after the new holder read the journal.
  insert into casemate.journal (tenant_id, run_id, seq, epoch, kind, frame)
  select held.tenant_id, held.id, r.seq, p_epoch, r.kind, r.frame
  from (select tenant_id, id from casemate.runs
        where id = p_run and epoch = p_epoch and state = 'running' for share) as held,
    unnest(p_seqs, p_kinds, p_frames) as r (seq, kind, frame);
  get diagnostics appended = row_count;
  return appended;
end $$;
grant execute on function casemate.journal_append(text, uuid, bigint, bigint[], smallint[], bytea[], bytea)
  to casemate_host, casemate_sql, casemate_agent;

-- The same, but a refusal ends the transaction, so that one message can hold the append and the COMMIT after it.
create function casemate.journal_append_or_abort(
  p_key text, p_run uuid, p_epoch bigint, p_seqs bigint[], p_kinds smallint[], p_frames bytea[], p_tag bytea
) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  if casemate.journal_append(p_key, p_run, p_epoch, p_seqs, p_kinds, p_frames, p_tag) = 0 then
    raise exception using errcode = 'CM001', message = 'fenced';
  end if;
end $$;
grant execute on function casemate.journal_append_or_abort(text, uuid, bigint, bigint[], smallint[], bytea[], bytea)
  to casemate_host, casemate_sql, casemate_agent;

-- A claim and an append in one round trip, for records that ride with no other change.
create function casemate.journal_record(
  p_token text, p_key text, p_run uuid, p_epoch bigint, p_seqs bigint[], p_kinds smallint[], p_frames bytea[],
  p_tag bytea
) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  if not app.open(p_token) then
    return 0;
  end if;
  return casemate.journal_append(p_key, p_run, p_epoch, p_seqs, p_kinds, p_frames, p_tag);
end $$;
grant execute on function casemate.journal_record(text, text, uuid, bigint, bigint[], smallint[], bytea[], bytea)
  to casemate_host;

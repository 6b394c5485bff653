-- The specification's table `public.assessments` with its policy in the safe form, and some hundreds of rows for each
-- of the tenants `acme` and `globex`. All people are invented; telephone numbers are from ranges kept for fiction, cards
-- are the card networks' published test numbers. Applied by `casemate db apply`, as the owner of the tables.

create table if not exists public.assessments (
    id uuid not null,
    tenant_id uuid not null default app.tenant(),
    subject text not null,
    notes text not null,
    status text not null default 'open' check (status in ('open', 'done')),
    amount integer not null,
    answers jsonb not null default '{}',
    score integer,
    rationale text,
    -- How often the row was scored. Nobody reads it but tests: it must never pass 1.
    written integer not null default 0,
    created_at timestamptz not null default now(),
    -- Each tenant has keys of its own: a key of all tenants would tell that another has a row.
    primary key (tenant_id, id)
);
create index if not exists assessments_open on public.assessments (tenant_id, id) where status = 'open';

create table if not exists public.summaries (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default app.tenant(),
    agent text not null,
    body jsonb not null,
    created_at timestamptz not null default now(),
    primary key (tenant_id, id)
);

create or replace function public.count_write() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
    if new.score is distinct from old.score then new.written := old.written + 1; end if;
    return new;
end $$;
create or replace trigger count_write before update on public.assessments
    for each row execute function public.count_write();

-- Under FORCE the owner sees no rows either, so the rows go in before it.
alter table public.assessments no force row level security;
insert into public.assessments (id, tenant_id, subject, notes, amount, answers, created_at)
select
    (substr(md5(t.name || n), 1, 8) || '-' || substr(md5(t.name || n), 9, 4) || '-4' || substr(md5(t.name || n), 14, 3)
        || '-8' || substr(md5(t.name || n), 18, 3) || '-' || substr(md5(t.name || n), 21, 12))::uuid,
    t.id,
    (array['Credit line', 'Lease', 'Overdraft', 'Supplier terms', 'Equipment loan'])[1 + n % 5] || ' no. ' || n,
    case n % 9
        when 0 then format('Spoke with %s, write to %s.%s@example.org about the missing invoice.',
            p.first, lower(p.first), lower(p.last))
        when 1 then format('Call back under +1 212-555-01%s, late payment in spring.', lpad((n % 100)::text, 2, '0'))
        when 2 then format('Card on file %s, expires in two years.',
            (array['4111 1111 1111 1111', '5500 0055 5555 5559', '6011 1111 1111 1117'])[1 + n % 3])
        when 3 then format('%s %s gave the social security number 536-22-%s for the check.',
            p.first, p.last, lpad((1000 + n % 8999)::text, 4, '0'))
        when 4 then format('Portal login: user %s, password: Winter-%s!x. Ask them to change it.', lower(p.last), n * 7)
        when 5 then 'No open questions, long-standing customer, pays on time.'
        when 6 then format('Dispute over two deliveries; %s %s asked for a call at +44 20 7946 0%s.',
            p.first, p.last, lpad((n % 1000)::text, 3, '0'))
        when 7 then format('Default in an earlier year, now regular. Mail %s@example.net.', lower(p.last))
        else 'Documents complete, second signature is missing.'
    end,
    500 + (n * 7919) % 60000,
    case when n % 4 = 0 then '{"income": null, "references": 1}'::jsonb
         else jsonb_build_object('income', 20000 + (n * 4241) % 70000, 'references', n % 4, 'years', n % 20) end,
    timestamptz '2026-01-01 00:00:00+00' + n * interval '3 hours'
from casemate.tenants t
cross join generate_series(1, 300) n
cross join lateral (select
    (array['Ada', 'Boris', 'Chiara', 'Dmitri', 'Esi', 'Farid', 'Greta', 'Hiro'])[1 + n % 8] as first,
    (array['Lindqvist', 'Okafor', 'Marchetti', 'Novak', 'Haddad', 'Tanaka', 'Brandt'])[1 + n % 7] as last) p
where t.name in ('acme', 'globex')
on conflict do nothing;

alter table public.assessments enable row level security;
alter table public.assessments force row level security;
drop policy if exists tenant_floor on public.assessments;
drop policy if exists tenant_rows on public.assessments;
create policy tenant_floor on public.assessments as restrictive to public
    using (tenant_id = (select app.tenant())) with check (tenant_id = (select app.tenant()));
create policy tenant_rows on public.assessments to casemate_agent using (true) with check (true);

alter table public.summaries enable row level security;
alter table public.summaries force row level security;
drop policy if exists tenant_floor on public.summaries;
drop policy if exists tenant_rows on public.summaries;
create policy tenant_floor on public.summaries as restrictive to public
    using (tenant_id = (select app.tenant())) with check (tenant_id = (select app.tenant()));
create policy tenant_rows on public.summaries to casemate_agent using (true) with check (true);

-- The agent's table, and some rows for the tenant `dev` (name another one below for rows of its own). Applied by
-- `casemate dev` and `casemate db apply schema.sql`, as the owner of the tables; a second time changes nothing.

create table if not exists public.tasks (
    id bigint not null,
    tenant_id uuid not null default app.tenant(),
    title text not null,
    points integer not null check (points > 0),
    planned boolean not null default false,
    -- Each tenant has numbers of its own.
    primary key (tenant_id, id)
);

-- Under FORCE the owner sees no rows either, so the rows go in before it.
alter table public.tasks no force row level security;
insert into public.tasks (id, tenant_id, title, points)
select task.id, tenant.id, task.title, task.points
from casemate.tenants tenant
cross join (values
    (1, 'Read the guide', 2),
    (2, 'Write a rule and its test', 5),
    (3, 'Ask the operator for a grant', 3),
    (4, 'Write to ada.lovelace@example.org about the audit', 1)
) as task (id, title, points)
where tenant.name = 'dev'
on conflict do nothing;

-- Whose rows exist is decided here, and nowhere in the agent.
drop policy if exists tenant_floor on public.tasks;
drop policy if exists tenant_rows on public.tasks;
alter table public.tasks enable row level security;
alter table public.tasks force row level security;
create policy tenant_floor on public.tasks as restrictive to public
    using (tenant_id = (select app.tenant())) with check (tenant_id = (select app.tenant()));
create policy tenant_rows on public.tasks to casemate_agent using (true) with check (true);

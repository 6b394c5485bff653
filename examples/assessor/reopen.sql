-- Opens all assessments again, so that another run has work to do.
alter table public.assessments no force row level security;
update public.assessments set status = 'open', score = null, rationale = null;
update public.assessments set written = 0;
alter table public.assessments force row level security;

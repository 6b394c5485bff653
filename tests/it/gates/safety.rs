//! A database that doesn't keep tenants apart: `db check` says so, no agent is run on it, and `db protect` mends it.

use serde_json::json;

use crate::host::{Host, Tested};
use crate::policy::Policy;
use crate::said::text;

const LITERAL: &str =
    "create table public.loans (id uuid primary key default gen_random_uuid(), tenant_id uuid not null, sum int);
insert into public.loans (tenant_id, sum) select id, 1 from casemate.tenants;
alter table public.loans enable row level security;
create policy isolation on public.loans
    using (tenant_id = (current_setting('request.jwt.claims')::json->>'tenant_id')::uuid);
";

#[test]
fn an_unsafe_database_is_refused_and_mended() -> Tested {
    let host = Host::seeded()?;
    let checked = host.ask(&["db", "check"])?;
    let checked = checked.expect(0)?;
    assert_eq!(checked.of_type("finding").count(), 0, "{}", checked.stdout);
    let of_sql: Vec<_> = checked.of_type("right").filter(|right| text(right, "/role") == "casemate_sql").collect();
    assert!(of_sql.is_empty(), "the login of agents' statements has something of its own: {of_sql:?}");
    assert!(checked.of_type("right").any(|right| text(right, "/table") == "casemate.kv"), "{}", checked.stdout);

    let file = host.file("loans.sql", LITERAL)?;
    host.ask(&["db", "apply", &file])?.expect(0)?;
    let refused = host.probe(&Policy::open(), &json!([{"do": "kv-get", "key": "probe/a"}]))?;
    refused.is_error("store-unsafe", 13)?;
    assert!(text(&refused.error()?, "/message").contains("casemate db check"), "{}", refused.stderr);
    let checked = host.ask(&["db", "check"])?;
    let checked = checked.expect(13)?;
    let rules: Vec<_> = checked.of_type("finding").map(|finding| text(finding, "/rule")).collect();
    assert_eq!(rules, ["key-across-tenants", "policy-public", "table-no-floor", "table-not-forced"]);
    assert!(checked.of_type("finding").all(|finding| text(finding, "/object") == "public.loans"), "{}", checked.stdout);

    let printed = host.ask(&["db", "protect", "public.loans"])?;
    let printed = printed.expect(0)?.of_type("protection").next().ok_or("a protection")?;
    assert_eq!(printed.get("applied"), Some(&json!(false)), "{printed}");
    host.ask(&["db", "check"])?.expect(13)?;
    let applied = host.ask(&["db", "protect", "public.loans", "--apply"])?;
    let applied = applied.expect(0)?.of_type("protection").next().ok_or("a protection")?;
    assert_eq!((applied.get("applied"), applied.get("statements")), (Some(&json!(true)), printed.get("statements")));
    host.ask(&["db", "check"])?.expect(0)?;
    host.ask(&["db", "protect", "public.nothing"])?.is_error("store-protect", 3)?;
    host.probe(&Policy::open(), &json!([{"do": "kv-get", "key": "probe/a"}]))?.expect(0)?;
    host.is_in_order()
}

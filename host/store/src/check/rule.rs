//! The rules of row isolation: what breaks each and what to do about it. Ids are stable. It doesn't know how they are
//! looked for (`rules.sql`).

/// One rule.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) id: &'static str,
    /// What is wrong where it is broken.
    pub(super) wrong: &'static str,
    /// What to do; `{}` stands for the object.
    pub(super) remedy: &'static str,
}

const fn rule(id: &'static str, wrong: &'static str, remedy: &'static str) -> Rule {
    Rule { id, wrong, remedy }
}

/// All of them, by subject.
pub(super) const RULES: &[Rule] = &[
    rule(
        "table-no-tenant",
        "its rows have no tenant: there is no column `tenant_id uuid not null`",
        "run `casemate db protect {}`",
    ),
    rule("table-rls-off", "row-level security is off", "run `casemate db protect {}`"),
    rule("table-not-forced", "the owner isn't bound by row-level security", "run `casemate db protect {}`"),
    rule(
        "table-no-floor",
        "no RESTRICTIVE policy to PUBLIC holds every row and command to `tenant_id = (select app.tenant())`",
        "run `casemate db protect {}`",
    ),
    rule(
        "table-owner",
        "it belongs to another role than `casemate_migrate`",
        "as superuser: `alter table {} owner to casemate_migrate`",
    ),
    rule("table-foreign", "rows of another server have no row-level security", "drop the foreign table {}"),
    rule("server-foreign", "statements could reach another server", "drop the foreign server {}"),
    rule("policy-public", "a permissive policy is for everybody, not for agents", "run `casemate db protect {}`"),
    rule(
        "partition-open",
        "a partition that somebody may use by itself is not protected",
        "run `casemate db protect {}`",
    ),
    rule(
        "key-across-tenants",
        "it refuses values because another tenant has them, and so tells that they are there",
        "run `casemate db protect {}`",
    ),
    rule(
        "reference-across-tenants",
        "a row can refer to another tenant's, and be deleted with it",
        "run `casemate db protect {}`",
    ),
    rule(
        "sequence-shared",
        "gaps in its numbers count other tenants' rows",
        "drop {}, and make the numbers with `gen_random_uuid()` or per tenant",
    ),
    rule(
        "grant-dangerous",
        "the right passes row-level security by",
        "run `casemate db protect` on {}, or revoke the right",
    ),
    rule(
        "grant-whole-table",
        "a right to the whole table shows `ctid` and `xmin`, whose gaps count other tenants' rows",
        "revoke it on {}: policies grant columns, through roles of their own",
    ),
    rule(
        "grant-system-column",
        "the column counts other tenants' rows or transactions",
        "revoke the right to that column of {}",
    ),
    rule(
        "grant-host-table",
        "the host's own tables are not for statements of agents",
        "revoke all on {} from that role",
    ),
    rule(
        "grant-to-all",
        "a right that no policy of Casemate gives",
        "revoke all on {} from that role, and grant the table in a policy",
    ),
    rule(
        "grant-default",
        "what will be made is granted to somebody",
        "`alter default privileges` so that nothing is granted in {}",
    ),
    rule(
        "grant-parameter",
        "a login may change a setting that only a superuser should",
        "as superuser: revoke the right to set {}",
    ),
    rule(
        "schema-open",
        "somebody may use or make what statements of agents would find there",
        "revoke that right on the schema {}",
    ),
    rule(
        "database-open",
        "somebody may connect, or make temporary tables that hide others",
        "revoke that right on the database {}",
    ),
    rule("view-as-owner", "it reads with its owner's rights", "`alter view {} set (security_invoker = true)`"),
    rule(
        "view-materialized",
        "it keeps rows of all tenants, and can't have row-level security",
        "drop the materialized view {}",
    ),
    rule("rule", "a rule turns statements into others, with its owner's rights", "drop the rule of {}"),
    rule(
        "trigger-foreign",
        "a trigger runs with rights that are not the statement's",
        "drop the trigger of {}, or make its function `security invoker` and `casemate_migrate`'s",
    ),
    rule("trigger-event", "an event trigger is not a superuser's", "drop the event trigger {}"),
    rule(
        "function-definer",
        "agents may run it, and it has its owner's rights",
        "revoke execute on function {} from them, or make it `security invoker`",
    ),
    rule(
        "function-search-path",
        "it has its owner's rights and the caller's search path",
        "`alter function {} set search_path = pg_catalog, pg_temp`",
    ),
    rule(
        "function-owner",
        "it runs with rights that pass row-level security by",
        "make casemate_migrate the owner of {}",
    ),
    rule(
        "function-immutable",
        "it reads the claim and says that its answer never changes, so a plan keeps another tenant's",
        "make {} `stable`",
    ),
    rule(
        "function-claims",
        "the function that reads the claim isn't as the host made it",
        "as casemate_migrate: make it `stable`, `security definer` and `parallel unsafe` again, or restore a backup",
    ),
    rule("function-of-extension", "agents may run an extension's function", "revoke execute on function {} from them"),
    rule(
        "catalog-function",
        "statements of agents may call what is closed",
        "as superuser: revoke execute on function {} from public",
    ),
    rule(
        "catalog-relation",
        "statements of agents may read what is closed",
        "as superuser: revoke all on {} from public",
    ),
    rule(
        "catalog-tablesample",
        "TABLESAMPLE shows where rows of others lie",
        "as superuser: `alter function {} set schema casemate_closed`",
    ),
    rule(
        "catalog-roles",
        "the type's text form tells which roles there are, and so how many sets of grants",
        "as superuser: `alter type {} set schema casemate_closed`",
    ),
    rule(
        "login-powers",
        "the role can do what no role of the host may",
        "as superuser: take that from {} with `alter role`",
    ),
    rule("login-inherits", "the login has rights before it takes a role", "as superuser: `alter role {} noinherit`"),
    rule("login-agent", "an agent's role can log in by itself", "as superuser: `alter role {} nologin`"),
    rule(
        "login-member",
        "one role can become another that it shouldn't",
        "as superuser: revoke that membership from {}",
    ),
    rule(
        "login-bypasses",
        "a role that row-level security doesn't bind may read tables",
        "as superuser: `alter role {} nobypassrls noreplication`, or take its rights away",
    ),
    rule("large-objects", "large objects have no row-level security", "remove them with `lo_unlink`, as superuser"),
    rule("publication", "rows of all tenants go to subscribers", "drop the publication {}"),
    rule("replication-slot", "changes of all tenants' rows are kept for a reader", "as superuser: drop the slot {}"),
    rule("setting", "the setting undoes what protects rows", "reset it for {}"),
    rule(
        "server-version",
        "row-level security has known flaws in this version",
        "update Postgres to 15.14, 16.10, 17.6 or newer",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::RULES;

    #[test]
    fn the_query_and_the_list_name_the_same_rules() {
        let named: BTreeSet<_> = super::super::QUERY
            .split("select ")
            .filter_map(|part| part.trim_start_matches("distinct ").strip_prefix('\'')?.split('\'').next())
            .filter(|id| id.contains('-') || matches!(*id, "rule" | "publication" | "setting"))
            .collect();
        let listed: BTreeSet<_> = RULES.iter().map(|rule| rule.id).collect();
        assert_eq!(named, listed);
        assert_eq!(listed.len(), RULES.len(), "an id stands twice");
    }
}

//! The floor, as the catalog has it: the RESTRICTIVE policy to PUBLIC that holds every row and command of a table to the
//! open claim. Said once, for all that look for it. It doesn't know who looks.

/// Whether the table with this oid has it, as an SQL expression.
pub(crate) fn has_floor(oid: &str) -> String {
    const FLOOR: &str = "exists (
        select from pg_policy p
        where p.polrelid = OID and not p.polpermissive and p.polcmd = '*' and p.polroles = '{0}'
          and pg_get_expr(p.polqual, p.polrelid) = '(tenant_id = ( SELECT app.tenant() AS tenant))'
          and coalesce(pg_get_expr(p.polwithcheck, p.polrelid), pg_get_expr(p.polqual, p.polrelid))
            = pg_get_expr(p.polqual, p.polrelid))";
    FLOOR.replace("OID", oid)
}

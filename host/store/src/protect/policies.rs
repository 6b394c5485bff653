//! What becomes of a table's policies: the literal forms that compare `tenant_id` with a setting are replaced by the
//! floor, what only narrows is kept, and what isn't understood stops the rewriting. Pure: it reads texts of the catalog.

/// A policy as the catalog has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Policy {
    pub(super) name: String,
    pub(super) is_permissive: bool,
    /// `*` for all commands.
    pub(super) command: String,
    /// `PUBLIC` for everybody.
    pub(super) roles: Vec<String>,
    pub(super) using: Option<String>,
    pub(super) check: Option<String>,
    pub(super) is_floor: bool,
}

/// What becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is the floor, or harmless above it.
    Kept,
    /// The floor, and the policy for agents above it, say what it said.
    Replaced,
    /// Whether it can go is not for a program to say.
    Unclear,
}

impl Policy {
    pub(super) fn fate(&self) -> Fate {
        if self.is_floor {
            return Fate::Kept;
        }
        let mut parts = self.using.iter().chain(&self.check).peekable();
        let is_known = parts.peek().is_some() && parts.all(|part| is_true(part) || compares_tenant(part));
        if !self.is_permissive {
            // It narrows, whatever it says; and where it says what the floor says, it may say it unsafely.
            return if is_known { Fate::Replaced } else { Fate::Kept };
        }
        let is_for_all = self.is_for("PUBLIC") || self.is_for("casemate_sql");
        let is_plain = self.using.iter().chain(&self.check).all(|part| is_true(part));
        match (is_for_all, is_known) {
            (true, true) => Fate::Replaced,
            (true, false) => Fate::Unclear,
            // A setting that isn't set would be an error to agents.
            (false, true) if !is_plain && self.is_for("casemate_agent") => Fate::Replaced,
            (false, _) => Fate::Kept,
        }
    }

    pub(super) fn is_for(&self, role: &str) -> bool {
        self.roles.iter().any(|name| name == role)
    }
}

fn is_true(text: &str) -> bool {
    words(text) == ["true"]
}

/// Whether it is `tenant_id = <the claim>`, either way round.
fn compares_tenant(text: &str) -> bool {
    let words = words(text);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["tenant_id", "=", claim @ ..] | [claim @ .., "=", "tenant_id"] => is_claim(claim),
        _ => false,
    }
}

/// The usual ways to say whose request it is, without brackets, casts and `select`.
fn is_claim(words: &[&str]) -> bool {
    let words = match words {
        ["nullif", inner @ .., ",", "''"] => inner,
        _ => words,
    };
    let (source, path) = match words {
        [source @ .., "->>", "'tenant_id'"] | [source @ .., "#>>", "'{tenant_id}'" | "array['tenant_id']"] => {
            (source, true)
        }
        _ => (words, false),
    };
    let source = match source {
        [inner @ .., "->", "'app_metadata'" | "'user_metadata'"] => inner,
        _ => source,
    };
    let source = match source {
        ["nullif", inner @ .., ",", "''"] => inner,
        _ => source,
    };
    let setting = match source {
        ["current_setting", setting] | ["current_setting", setting, ",", "true" | "false"] => *setting,
        ["auth.jwt"] => return path,
        ["app.tenant"] => return !path,
        _ => return false,
    };
    if path { setting == "'request.jwt.claims'" } else { setting.contains("tenant") }
}

/// The words of an expression as Postgres prints it, lower case outside of strings; without brackets, casts, `select`
/// and the names that it gives to columns.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut rest = text.chars().peekable();
    let (mut is_type, mut is_name) = (false, false);
    while let Some(first) = rest.next() {
        let mut word = String::from(first);
        if first.is_whitespace() || matches!(first, '(' | ')') {
            continue;
        } else if first == '\'' {
            // A doubled quote ends one string and begins the next: together they are what was written.
            for character in rest.by_ref() {
                word.push(character);
                if character == '\'' {
                    break;
                }
            }
        } else if first.is_alphanumeric() || first == '_' {
            while let Some(next) = rest.next_if(|next| next.is_alphanumeric() || matches!(next, '_' | '.')) {
                word.push(next);
            }
            word.make_ascii_lowercase();
        } else {
            while let Some(next) = rest.next_if(|next| "=<>-#:|&!~@+*/%^".contains(*next)) {
                word.push(next);
            }
        }
        match word.as_str() {
            "::" => is_type = true,
            "as" => is_name = true,
            "select" => {}
            _ if is_type || is_name => (is_type, is_name) = (false, false),
            _ => words.push(word),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::{Fate, Policy, compares_tenant, words};

    #[test]
    fn literal_forms_are_known() {
        for known in [
            "(tenant_id = (((current_setting('request.jwt.claims'::text))::json ->> 'tenant_id'::text))::uuid)",
            "(tenant_id = (((current_setting('request.jwt.claims'::text, true))::jsonb ->> 'tenant_id'::text))::uuid)",
            "((((current_setting('request.jwt.claims'::text))::json ->> 'tenant_id'::text))::uuid = tenant_id)",
            "(tenant_id = ( SELECT (((current_setting('request.jwt.claims'::text, true))::jsonb ->> 'tenant_id'::text))::uuid AS uuid))",
            "(tenant_id = (((NULLIF(current_setting('request.jwt.claims'::text, true), ''::text))::jsonb ->> 'tenant_id'::text))::uuid)",
            "(tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid)",
            "((tenant_id)::text = current_setting('request.jwt.claim.tenant_id'::text))",
            "(tenant_id = ((auth.jwt() ->> 'tenant_id'::text))::uuid)",
            "(tenant_id = app.tenant())",
            "(tenant_id = ( SELECT app.tenant() AS tenant))",
        ] {
            assert!(compares_tenant(known), "{known}: {:?}", words(known));
        }
    }

    #[test]
    fn other_forms_are_not() {
        for strange in [
            "((tenant_id = app.tenant()) OR (owner = 'root'::text))",
            "(tenant_id = ((current_setting('request.jwt.claims'::text))::json ->> 'sub'::text)::uuid)",
            "(tenant_id <> app.tenant())",
            "(tenant_id = COALESCE((current_setting('app.tenant_id'::text))::uuid, '00000000-0000-0000-0000-000000000000'::uuid))",
            "(other_id = app.tenant())",
            "(tenant_id = current_setting('app.user'::text)::uuid)",
            "('tenant_id = app.tenant()'::text <> ''::text)",
            "(tenant_id = tenant_id)",
            "",
        ] {
            assert!(!compares_tenant(strange), "{strange}");
        }
    }

    #[test]
    fn fates() {
        let policy = |is_permissive, roles: &[&str], using: &str| Policy {
            name: "p".into(),
            is_permissive,
            command: "*".into(),
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            using: Some(using.into()),
            check: None,
            is_floor: false,
        };
        let literal = "(tenant_id = app.tenant())";
        for (policy, fate) in [
            (policy(true, &["PUBLIC"], literal), Fate::Replaced),
            (policy(true, &["PUBLIC"], "true"), Fate::Replaced),
            (policy(true, &["PUBLIC"], "(owner = CURRENT_USER)"), Fate::Unclear),
            (policy(true, &["casemate_sql"], "(a > 1)"), Fate::Unclear),
            (policy(true, &["casemate_agent"], "true"), Fate::Kept),
            (policy(true, &["casemate_agent"], literal), Fate::Replaced),
            (policy(true, &["casemate_agent"], "(status = 'open'::text)"), Fate::Kept),
            (policy(true, &["reporting"], "(owner = CURRENT_USER)"), Fate::Kept),
            (policy(false, &["PUBLIC"], "(NOT deleted)"), Fate::Kept),
            (policy(false, &["PUBLIC"], literal), Fate::Replaced),
        ] {
            assert_eq!(policy.fate(), fate, "{policy:?}");
        }
    }
}

//! Gate 6, row-level security: which rows exist for this call. It makes the `Scope` without which `store` opens no
//! transaction. It doesn't know SQL; Postgres enforces what is stated here.

use crate::call::{Call, Origin};
use crate::id::{AgentName, RunId, TenantId};
use crate::identity::Identity;
use crate::pii::Screened;

/// Whose rows a database session is opened for. Made only by [`scope`] and [`bookkeeping`], from an identity that
/// dispatch fixed.
#[derive(Debug, Clone)]
pub struct Scope {
    origin: Origin,
    role: Option<String>,
}

impl Scope {
    /// The tenant whose rows exist.
    #[must_use]
    pub const fn tenant(&self) -> TenantId {
        self.origin.tenant
    }

    /// The agent on whose behalf.
    #[must_use]
    pub const fn agent(&self) -> &AgentName {
        &self.origin.agent
    }

    /// The run.
    #[must_use]
    pub const fn run(&self) -> Option<RunId> {
        Some(self.origin.run)
    }

    /// The database role that holds exactly the tables that were granted; none if no table was.
    #[must_use]
    pub fn role(&self) -> Option<&str> {
        self.role.as_deref()
    }

    /// The claims for `request.jwt.claims`, built from parsed values only, each key once.
    #[must_use]
    pub fn claims_json(&self) -> String {
        format!(
            r#"{{"tenant_id":"{}","agent":"{}","run":"{}"}}"#,
            self.origin.tenant, self.origin.agent, self.origin.run
        )
    }
}

/// A call with the rows that exist for it: all synchronous gates are passed.
#[derive(Debug)]
#[must_use]
pub struct Scoped {
    screened: Screened,
    scope: Scope,
}

impl Scoped {
    /// The call as screened.
    pub(crate) const fn call(&self) -> &Call {
        self.screened.call()
    }

    /// Takes it apart for the permit.
    pub(crate) fn into_parts(self) -> (Screened, Scope) {
        (self.screened, self.scope)
    }
}

/// States whose rows exist for the call.
pub fn scope(call: Screened, identity: &Identity) -> Scoped {
    let scope = bookkeeping(identity);
    Scoped { screened: call, scope }
}

/// The scope of the host's own records of a run: its journal and its state.
#[must_use]
pub fn bookkeeping(identity: &Identity) -> Scope {
    Scope { origin: identity.origin().clone(), role: identity.role().map(ToOwned::to_owned) }
}

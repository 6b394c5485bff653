//! Components and policies by digest, kept beside the runs that need them, so that whichever host claims a run finds them. It
//! doesn't know what they are.

use casemate_gate::Digest;
use casemate_gate::rls::Scope;
use sqlx::Row as _;

use crate::error::StoreError;
use crate::session::{Access, Db};

impl Db {
    /// Keeps bytes for the scope's tenant; what is there already stays.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn keep_artefact(&self, scope: &Scope, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(bytes);
        let known = "select 1 from casemate.artefacts where digest = $1";
        let known = sqlx::query(known).bind(digest.as_bytes().to_vec());
        if self.in_tenant(scope, Access::Read, known).await?.is_empty() {
            let keep = "insert into casemate.artefacts (digest, content) values ($1, $2) on conflict do nothing";
            let keep = sqlx::query(keep).bind(digest.as_bytes().to_vec()).bind(bytes.to_vec());
            self.in_tenant(scope, Access::Write, keep).await?;
        }
        Ok(digest)
    }

    /// Bytes that were kept.
    ///
    /// # Errors
    /// [`StoreError::NoArtefact`].
    pub async fn artefact(&self, scope: &Scope, digest: Digest) -> Result<Vec<u8>, StoreError> {
        let find = "select content from casemate.artefacts where digest = $1";
        let rows = self.in_tenant(scope, Access::Read, sqlx::query(find).bind(digest.as_bytes().to_vec())).await?;
        let found: Vec<u8> =
            rows.first().ok_or(StoreError::NoArtefact(digest))?.try_get(0).map_err(StoreError::unreachable)?;
        // Whoever can write to the table is not believed.
        if Digest::of(&found) == digest { Ok(found) } else { Err(StoreError::NoArtefact(digest)) }
    }
}

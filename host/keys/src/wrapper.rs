//! What protects tenants' keys. A `KeyWrapper` turns a tenant's key into a record that can be stored, and gives it back;
//! its own keys never leave it. It doesn't know what the tenants' keys protect.

use uuid::Uuid;

use crate::data_key::{DataKey, WrappedKey};
use crate::error::KeyError;
use crate::id::KeyId;

/// One version of a wrapper's own key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Its name.
    pub id: KeyId,
    /// Its version, from 1.
    pub version: u32,
}

/// What a wrapper says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// What it is, such as `local-file`.
    pub kind: &'static str,
    /// Its keys, the active one first.
    pub roots: Vec<Root>,
}

/// Something that protects tenants' keys: a local file here, a key management service elsewhere. Callers know no more
/// than this.
pub trait KeyWrapper: Send + Sync {
    /// Protects a version of a tenant's key, under the wrapper's active key.
    ///
    /// # Errors
    /// [`KeyError`] when the wrapper fails.
    fn wrap(&self, tenant: Uuid, key: &DataKey) -> Result<WrappedKey, KeyError>;

    /// Gives a version of a tenant's key back.
    ///
    /// # Errors
    /// [`KeyError::DoesNotOpen`] for a record of another tenant, version or wrapper.
    fn unwrap(&self, tenant: Uuid, version: u32, wrapped: &WrappedKey) -> Result<DataKey, KeyError>;

    /// Protects a wrapped key anew, under the wrapper's active key.
    ///
    /// # Errors
    /// As [`KeyWrapper::unwrap`] and [`KeyWrapper::wrap`].
    fn rewrap(&self, tenant: Uuid, version: u32, wrapped: &WrappedKey) -> Result<WrappedKey, KeyError> {
        self.wrap(tenant, &self.unwrap(tenant, version, wrapped)?)
    }

    /// Whether a wrapped key is under the active key.
    fn is_current(&self, wrapped: &WrappedKey) -> bool;

    /// Makes a new active key, durably. What was wrapped under the old ones can still be unwrapped.
    ///
    /// # Errors
    /// [`KeyError`] when the wrapper fails; then the old key is the active one.
    fn rotate(&self) -> Result<(), KeyError>;

    /// What it is, and which keys it has.
    fn describe(&self) -> Description;
}

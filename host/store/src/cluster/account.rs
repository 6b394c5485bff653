//! Whom the server runs as. Postgres refuses root, so root drops to `postgres` or `nobody`; an ordinary user runs it
//! as itself. It doesn't know what is run.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use super::error::ClusterError;

/// The user of the server's processes and files.
#[derive(Debug, Clone, Copy)]
pub(super) struct Account {
    pub(super) uid: u32,
    gid: u32,
    /// Whether this process has to change to it.
    pub(super) drops: bool,
}

impl Account {
    pub(super) fn for_postgres() -> Result<Self, ClusterError> {
        let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        if uid != 0 {
            return Ok(Self { uid, gid, drops: false });
        }
        let path = Path::new("/etc/passwd");
        let users = fs::read_to_string(path).map_err(ClusterError::at(path))?;
        ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| lookup(&users, name))
            .map(|(uid, gid)| Self { uid, gid, drops: true })
            .ok_or(ClusterError::NoUser)
    }

    /// Makes the command run as this user. The standard library clears root's supplementary groups with the change.
    pub(super) fn apply(&self, command: &mut Command) {
        if self.drops {
            command.gid(self.gid).uid(self.uid);
        }
    }

    /// Gives the file or directory to this user.
    pub(super) fn own(&self, path: &Path) -> Result<(), ClusterError> {
        if self.drops {
            chown(path, Some(self.uid), Some(self.gid)).map_err(ClusterError::at(path))?;
        }
        Ok(())
    }

    /// Whether the user can pass through every directory above `path`. Groups and ACLs are not looked at: a wrong
    /// `false` only moves the cluster.
    pub(super) fn reaches(&self, path: &Path) -> bool {
        !self.drops
            || path.ancestors().skip(1).filter(|ancestor| !ancestor.as_os_str().is_empty()).all(|ancestor| {
                fs::metadata(ancestor)
                    .is_ok_and(|meta| meta.mode() & 0o001 != 0 || (meta.uid() == self.uid && meta.mode() & 0o100 != 0))
            })
    }
}

/// uid and gid of a line of passwd(5), unless it is root under another name.
fn lookup(users: &str, name: &str) -> Option<(u32, u32)> {
    users.lines().find_map(|line| {
        let mut field = line.split(':');
        (field.next() == Some(name)).then_some(())?;
        let uid: u32 = field.nth(1)?.parse().ok()?;
        let gid: u32 = field.next()?.parse().ok()?;
        (uid != 0).then_some((uid, gid))
    })
}

#[cfg(test)]
mod tests {
    use super::lookup;

    #[test]
    fn finds_a_user_and_never_root() {
        let users = "root:x:0:0::/root:/bin/sh\npostgres2:x:9:9::/:/x\npostgres:x:101:104:a,b:/var:/bin/sh\nbad:x";
        assert_eq!(lookup(users, "postgres"), Some((101, 104)));
        assert_eq!(lookup(users, "root"), None);
        assert_eq!(lookup(users, "bad"), None);
    }
}

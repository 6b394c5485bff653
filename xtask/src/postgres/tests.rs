//! Cases on folders of their own: which version is taken, and what is written for Debian's package.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{NO_CLUSTER, advice, keep_cluster_away, newest};

/// A folder that goes away with the case.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> io::Result<Self> {
        let folder = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

fn version(folder: &Path, name: &str, programs: &[&str]) -> io::Result<()> {
    let folder = folder.join(name).join("bin");
    fs::create_dir_all(&folder)?;
    programs.iter().try_for_each(|program| fs::write(folder.join(program), ""))
}

#[test]
fn the_newest_complete_version_is_taken() -> io::Result<()> {
    let folder = Folder::new("versions")?;
    assert_eq!(newest(&folder.0), None);
    version(&folder.0, "9", &["postgres", "initdb"])?;
    version(&folder.0, "15", &["postgres", "initdb"])?;
    version(&folder.0, "17", &["psql"])?;
    version(&folder.0, "other", &["postgres", "initdb"])?;
    assert_eq!(newest(&folder.0), Some(folder.0.join("15/bin")));
    Ok(())
}

#[test]
fn an_administrators_choice_stays() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Folder::new("cluster")?;
    let file = folder.0.join("postgresql-common").join("createcluster.conf");
    keep_cluster_away(&file)?;
    assert_eq!(fs::read_to_string(&file)?, NO_CLUSTER);
    fs::write(&file, "create_main_cluster = true\n")?;
    keep_cluster_away(&file)?;
    assert_eq!(fs::read_to_string(&file)?, "create_main_cluster = true\n");
    Ok(())
}

#[test]
fn the_advice_names_the_package() {
    assert!(advice("this user may not").ends_with("--no-install-recommends postgresql"));
}

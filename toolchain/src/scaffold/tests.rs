//! Projects are complete and need nothing of this repository; what can't be a project is refused. Whether they build is
//! for the integration tests.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Sdk, Template, create};
use crate::error::ToolchainError;

fn files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    Ok(found)
}

#[test]
fn a_project_is_complete_and_filled_in() -> Result<(), Box<dyn Error>> {
    for template in Template::ALL {
        let room = tempfile::tempdir()?;
        let folder = room.path().join("my-agent");
        create(&folder, "my-agent", template, &Sdk::Carried)?;
        let files = files(&folder)?;
        let names =
            files.iter().map(|path| path.strip_prefix(&folder).map(Path::to_owned)).collect::<Result<_, _>>()?;
        let names: BTreeSet<PathBuf> = names;
        for needed in [
            ".casemate/sdk/abi/wit/agent.wit",
            ".casemate/sdk/guest-sdk/macros/src/lib.rs",
            ".casemate/sdk/guest-sdk/src/lib.rs",
            ".gitignore",
            "Cargo.lock",
            "Cargo.toml",
            "README.md",
            "casemate.toml",
            "input.json",
            "policy.toml",
            "src/lib.rs",
        ] {
            assert!(names.contains(Path::new(needed)), "{}: {needed}", template.name());
        }
        for path in files {
            let text = fs::read_to_string(&path)?;
            assert!(!text.contains("{{"), "{}", path.display());
            if path.ends_with("Cargo.toml") && path.starts_with(folder.join(".casemate")) {
                assert!(!text.contains("workspace"), "{}: {text}", path.display());
            }
        }
        let manifest = fs::read_to_string(folder.join("Cargo.toml"))?;
        assert!(manifest.contains("name = \"my-agent\"") && manifest.contains("path = \".casemate/sdk/guest-sdk\""));
        assert!(matches!(create(&folder, "my-agent", template, &Sdk::Carried), Err(ToolchainError::Occupied(_))));
    }
    Ok(())
}

#[test]
fn the_carried_sdk_is_this_one() -> Result<(), Box<dyn Error>> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for folder in ["abi/src", "abi/wit", "guest-sdk/src", "guest-sdk/macros/src"] {
        for path in files(&repository.join(folder))? {
            let name = path.strip_prefix(&repository)?.display().to_string();
            let carried = crate::embedded::SDK.iter().find(|(path, _)| *path == name).map(|(_, text)| *text);
            assert_eq!(carried, Some(fs::read_to_string(&path)?.as_str()), "{name}");
        }
    }
    Ok(())
}

#[test]
fn names_that_cannot_be_are_refused() -> Result<(), Box<dyn Error>> {
    let room = tempfile::tempdir()?;
    let refused = |name: &str| {
        let made = create(&room.path().join("x"), name, Template::Hello, &Sdk::Carried);
        made.map_or_else(|error| error.code(), |()| "made")
    };
    for name in ["", "My-agent", "1st", "-a", "a_b", "a b", "../a", "a/b", "\u{e9}t\u{e9}", &"x".repeat(65)] {
        assert_eq!(refused(name), "component-name", "{name}");
    }
    for name in ["serde", "fn", "casemate", "casemate-sdk"] {
        assert_eq!(refused(name), "component-name", "{name}");
    }
    assert!(!room.path().join("x").exists(), "nothing is made");
    assert_eq!(refused(&"x".repeat(64)), "made");
    Ok(())
}

#[test]
fn an_sdk_elsewhere_is_named_by_its_place() -> Result<(), Box<dyn Error>> {
    let room = tempfile::tempdir()?;
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guest-sdk");
    let folder = room.path().join("a");
    create(&folder, "a", Template::Hello, &Sdk::Folder(sdk.clone()))?;
    let manifest = fs::read_to_string(folder.join("Cargo.toml"))?;
    assert!(manifest.contains(&format!("path = \"{}\"", sdk.canonicalize()?.display())), "{manifest}");
    assert!(!folder.join(".casemate").exists());

    let none = create(&room.path().join("b"), "b", Template::Hello, &Sdk::Folder(room.path().to_owned()));
    assert!(matches!(none, Err(ToolchainError::NoSdk(_))));
    assert!(!room.path().join("b").exists());
    Ok(())
}

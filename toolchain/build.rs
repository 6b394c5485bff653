//! Puts what `casemate new` writes into this crate: the SDK's sources with manifests that need no workspace, the
//! versions that its dependencies are locked to, and the templates. So the program's SDK and its contract with guests
//! always fit, and no list of files can forget one. A form that it doesn't know is an error here, at build time.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

type Built<T = ()> = Result<T, Box<dyn Error>>;

/// The SDK's folders, relative to the repository. They keep their places to each other.
const SDK: [&str; 2] = ["abi", "guest-sdk"];
/// A lock file with the SDK and what agents use beside it.
const LOCK: &str = "tests/guests/Cargo.lock";
const TEMPLATES: &str = "toolchain/templates";

fn main() -> Built {
    let repository = variable("CARGO_MANIFEST_DIR")?.parent().ok_or("this crate has no parent")?.to_owned();
    let out = variable("OUT_DIR")?;
    for watched in SDK.iter().chain(&[LOCK, TEMPLATES, "Cargo.toml"]) {
        println!("cargo::rerun-if-changed={}", repository.join(watched).display());
    }

    let inherited = Inherited::read(&fs::read_to_string(repository.join("Cargo.toml"))?);
    let mut sdk = BTreeMap::new();
    for folder in SDK {
        for path in files(&repository.join(folder))? {
            let name = relative(&repository, &path)?;
            let text = fs::read_to_string(&path).map_err(|error| format!("{name}: {error}"))?;
            let text = if name.ends_with("Cargo.toml") { inherited.resolve(&name, &text)? } else { text };
            sdk.insert(name, text);
        }
    }
    let folder = repository.join(TEMPLATES);
    let templates = files(&folder)?.into_iter().map(|path| Ok((relative(&folder, &path)?, fs::read_to_string(path)?)));
    let templates = templates.collect::<Built<BTreeMap<_, _>>>()?;
    let lock = locked(&fs::read_to_string(repository.join(LOCK))?);

    let written = format!(
        "/// The SDK's files, by path.\npub(crate) static SDK: &[(&str, &str)] = &{:?};\n\
         /// The templates' files, by path.\npub(crate) static TEMPLATES: &[(&str, &str)] = &{:?};\n\
         /// The lock file of a new project.\npub(crate) static LOCK: &str = {lock:?};\n",
        sdk.into_iter().collect::<Vec<_>>(),
        templates.into_iter().collect::<Vec<_>>(),
    );
    Ok(fs::write(out.join("embedded.rs"), written)?)
}

#[expect(clippy::disallowed_methods, reason = "Cargo tells build scripts where they are in this way")]
fn variable(name: &str) -> Built<PathBuf> {
    Ok(std::env::var_os(name).ok_or_else(|| format!("Cargo sets no {name}"))?.into())
}

fn relative(folder: &Path, path: &Path) -> Built<String> {
    Ok(path.strip_prefix(folder)?.to_str().ok_or("a path is not UTF-8")?.to_owned())
}

/// The files below a folder, without build output and hidden ones.
fn files(folder: &Path) -> Built<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        match path.is_dir() {
            _ if name.starts_with('.') || name == "target" => {}
            true => found.extend(files(&path)?),
            false => found.push(path),
        }
    }
    Ok(found)
}

/// The lock file without the packages that are no part of a new project.
fn locked(lock: &str) -> String {
    let (head, rest) = lock.split_once("[[package]]").unwrap_or((lock, ""));
    let kept = rest
        .split("[[package]]")
        .filter(|package| package.contains("\nsource = ") || package.trim_start().starts_with("name = \"casemate-"));
    let kept: Vec<_> = kept.map(|package| format!("[[package]]\n{}\n", package.trim())).collect();
    format!("{}\n\n{}", head.trim_end(), kept.join("\n"))
}

/// What manifests take from the workspace, as it stands there.
struct Inherited {
    package: BTreeMap<String, String>,
    dependencies: BTreeMap<String, String>,
}

impl Inherited {
    fn read(manifest: &str) -> Self {
        let table = |name: &str| {
            let lines = manifest.lines().skip_while(|line| *line != format!("[{name}]")).skip(1);
            let lines = lines.take_while(|line| !line.starts_with('[')).filter_map(|line| line.split_once(" = "));
            lines.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
        };
        Self { package: table("workspace.package"), dependencies: table("workspace.dependencies") }
    }

    /// A manifest that stands on its own.
    fn resolve(&self, name: &str, manifest: &str) -> Built<String> {
        let up = "../".repeat(name.matches('/').count());
        let mut resolved = String::new();
        let mut section = "";
        for line in manifest.lines() {
            if line.starts_with('[') {
                section = line.trim();
            }
            // Lints are for those who work on the SDK.
            if section == "[lints]" {
                continue;
            }
            let line = match line.split_once(".workspace = true") {
                None => line.to_owned(),
                Some((key, "")) => {
                    let table = if section == "[package]" { &self.package } else { &self.dependencies };
                    let value = table.get(key).ok_or_else(|| format!("{name}: the workspace has no `{key}`"))?;
                    format!("{key} = {}", value.replace("path = \"", &format!("path = \"{up}")))
                }
                Some(_) => return Err(format!("{name}: `{line}` is a form that build.rs does not know").into()),
            };
            if line.contains("workspace") && !line.trim_start().starts_with('#') {
                return Err(format!("{name}: `{line}` is a form that build.rs does not know").into());
            }
            resolved.push_str(&line);
            resolved.push('\n');
        }
        Ok(resolved)
    }
}

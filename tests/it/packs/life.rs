//! The transcript of a pack's life is a golden file: `UPDATE_GOLDEN=1` writes it anew. Keys, digests and times differ from
//! time to time and are taken out.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::golden;
use crate::host::{Host, Tested, program};
use crate::said::Said;

/// The host that it is told of, and what was told so far.
struct Story {
    host: Host,
    told: String,
}

impl Story {
    /// A command with what it prints and how it ends.
    fn tell(&mut self, words: &str) -> Tested {
        let mut command = Command::new(program()?);
        command.args(words.split(' ')).arg("--data").arg(self.host.data()).stdin(Stdio::null());
        command.env_remove("CLICOLOR_FORCE").current_dir(self.host.beside(""));
        let said = Said::of(&mut command)?;
        self.told.push_str(&format!("$ casemate {words}\n"));
        for line in said.stdout.lines().chain(said.stderr.lines()) {
            self.told.push_str(plain(line).trim_end());
            self.told.push('\n');
        }
        if said.status != Some(0) {
            self.told.push_str(&format!("(status {})\n", said.status.unwrap_or_default()));
        }
        self.told.push('\n');
        Ok(())
    }

    /// Somebody edits a file of a pack.
    fn edit(&mut self, file: &str, before: &str, after: &str) -> Tested {
        let path = self.host.beside(file);
        let text = fs::read_to_string(&path)?;
        assert!(text.contains(before), "{file} has no `{before}`");
        fs::write(&path, text.replace(before, after))?;
        let [before, after] = [before, after].map(|text| text.replace('\n', "\\n"));
        self.told.push_str(&format!("# {file}: `{before}` becomes `{after}`\n\n"));
        Ok(())
    }

    /// Somebody copies a pack.
    fn copy(&mut self, from: &str, to: &str) -> Tested {
        let (from_path, to_path) = (self.host.beside(from), self.host.beside(to));
        copy(&from_path, &to_path)?;
        self.told.push_str(&format!("# {from} is copied to {to}\n\n"));
        Ok(())
    }
}

fn copy(from: &Path, to: &Path) -> Tested {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// A line without keys, digests and times.
fn plain(line: &str) -> String {
    let word = |word: &str| {
        let bare = word.trim_matches(|sign| "`(),;".contains(sign));
        let hex = bare.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        let name = match bare.len() {
            64 if hex => "<digest>",
            12 if hex => "<short>",
            20 if bare.ends_with('Z') && bare.contains('T') => "<time>",
            _ if bare.starts_with("casemate/") && bare.contains("/pack+") => "<key>",
            36 if bare.matches('-').count() == 4 => "<id>",
            _ => return word.to_owned(),
        };
        word.replace(bare, name)
    };
    line.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_transcript_is_as_it_was() -> Tested {
    let mut story = Story { host: Host::empty()?, told: String::new() };
    story.tell("tenant add acme")?;
    story.tell("policy list")?;
    story.tell("policy new notes --from research")?;
    story.tell("policy check notes")?;
    story.tell("policy test notes")?;
    story.tell("policy apply notes --tenant acme")?;
    story.tell("policy sign notes")?;
    story.tell("policy verify notes")?;
    story.tell("policy apply notes --tenant acme")?;
    story.tell("policy apply notes --tenant acme")?;
    story.tell("policy list")?;
    story.copy("notes", "notes-1")?;

    story.edit("notes/policy.toml", "calls = 500", "calls = 900")?;
    story.edit("notes/policy.toml", "verbs = [\"read\", \"wait\"]", "verbs = [\"read\"]")?;
    story.tell("policy apply notes --tenant acme")?;
    story.edit("notes/pack.toml", "version = 1", "version = 2")?;
    story.tell("policy sign notes")?;
    story.tell("policy apply notes --tenant acme")?;
    story.tell("policy test notes")?;
    story.edit("notes/tests/agent.toml", "it sleeps", "it doesn't sleep")?;
    story.edit(
        "notes/tests/agent.toml",
        "does = \"clock.wait\"\nexpect = \"allow\"",
        "does = \"clock.wait\"\nexpect = \"deny\"",
    )?;
    story.tell("policy sign notes")?;
    story.tell("policy diff active notes --tenant acme")?;
    story.tell("policy apply notes --tenant acme")?;
    story.tell("policy rollback --tenant acme")?;
    story.tell("policy list")?;
    story.tell("policy apply notes-1 --tenant acme")?;
    story.tell("policy apply notes --tenant acme")?;
    story.tell("policy apply notes-1 --tenant acme")?;
    story.tell("policy list")?;

    story.edit("notes/policy.toml", "[pii]", "surprise = true\n[pii]")?;
    story.edit("notes/pack.toml", "version = 2", "version = 0")?;
    story.tell("policy check notes notes-1")?;
    story.tell("policy rollback --tenant acme")?;
    story.tell("policy rollback --tenant acme")?;
    story.tell("policy rollback --tenant acme")?;

    golden::assert("packs.txt", &story.told)?;
    story.host.verify()?.expect(0).map(drop)
}

/// What `new` writes is all of the pack that ships, under another name, and passes its own tests.
#[test]
fn a_new_pack_is_a_whole_one() -> Tested {
    let host = Host::empty()?;
    let room = host.beside("");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies");
    let into = room.display().to_string();
    for from in ["default", "assessor", "research"] {
        let name = format!("my-{from}");
        host.ask(&["policy", "new", &name, "--from", from, "--into", &into])?.expect(0)?;
        assert_eq!(names(&room.join(&name))?, names(&shipped.join(from))?, "{from}");
        let made = room.join(&name).display().to_string();
        let checked = host.ask(&["policy", "check", &made, &shipped.join(from).display().to_string()])?;
        assert_eq!(checked.expect(0)?.of_type("pack-checked").count(), 2);
        host.ask(&["policy", "test", &made])?.expect(0)?;
        host.ask(&["policy", "new", &name, "--from", from, "--into", &into])?.is_error("input-pack-exists", 3)?;
    }
    // Two directories with one id.
    let (one, two) = (room.join("my-default"), room.join("again"));
    copy(&one, &two)?;
    let checked = host.ask(&["policy", "check", &one.display().to_string(), &two.display().to_string()])?;
    let problem = checked.expect(3)?.lines.last().and_then(|line| line.pointer("/problems/0/code")).cloned();
    assert_eq!(problem, Some("pack-duplicate".into()), "{}", checked.stdout);
    Ok(())
}

/// Names of files and folders, and of files in folders.
fn names(directory: &Path) -> Tested<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() {
            names.extend(self::names(&entry.path())?.into_iter().map(|inner| format!("{name}/{inner}")));
        }
        names.insert(name);
    }
    Ok(names)
}

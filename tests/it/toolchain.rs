//! From nothing to a running agent, as an author would go: `new`, `build`, `dev`. The agents are compiled here, by the
//! real compiler; what it built is kept beside other tests' files, so that only the first time is slow.

use std::fs;
use std::io::{BufRead as _, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::host::{Host, Tested, fresh_directory, is_alive, postmaster, program};
use crate::policy::Policy;
use crate::said::{Said, json_lines, number, text};

/// A folder that keeps its place between runs of the tests, and so what was compiled for it.
fn workshop(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("agents").join(name)
}

/// An author, in a folder of their own, with a host of their own.
struct Author {
    host: Host,
    folder: PathBuf,
    target: PathBuf,
}

impl Author {
    /// Folders with this name; nobody else may have it.
    fn named(name: &str) -> Tested<Self> {
        let folder = workshop(name).join("projects");
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        Ok(Self { host: Host::empty()?, folder, target: workshop(name).join("target") })
    }

    fn command(&self, words: &[&str]) -> Tested<Command> {
        let mut command = self.host.command(words)?;
        // What an agent depends on is here since the guests were built.
        command.current_dir(&self.folder).env("CARGO_TARGET_DIR", &self.target).env("CARGO_NET_OFFLINE", "true");
        Ok(command)
    }

    fn ask(&self, words: &[&str]) -> Tested<Said> {
        Said::of(&mut self.command(words)?)
    }

    /// A new project in place of the last one.
    fn begin(&self, template: &str) -> Tested {
        let project = self.folder.join("my-agent");
        if project.exists() {
            fs::remove_dir_all(project)?;
        }
        let made = self.ask(&["new", "my-agent", "--template", template])?;
        let line = made.expect(0)?.of_type("created").next().cloned().unwrap_or_default();
        let commands = ["cd my-agent".to_owned(), format!("{} dev", program()?.display()), "cargo test".to_owned()];
        assert_eq!(line.get("next"), Some(&json!(commands)), "{line}");
        Ok(())
    }

    /// Puts other words into a file of the project.
    fn change(&self, file: &str, from: &str, to: &str) -> Tested {
        let path = self.folder.join("my-agent").join(file);
        let before = fs::read_to_string(&path)?;
        let after = before.replace(from, to);
        assert_ne!(before, after, "`{from}` is in {file}");
        Ok(fs::write(path, after)?)
    }
}

#[test]
fn from_nothing_to_a_running_agent() -> Tested {
    let author = Author::named("author")?;
    every_template_runs(&author)?;
    the_loop_follows_changes(&author)?;
    mistakes_are_told(&author)?;
    the_same_sources_give_the_same_bytes(&author)
}

fn every_template_runs(author: &Author) -> Tested {
    let planned = json!({"planned": ["Read the guide", "Write a rule and its test"], "points": 8, "left": 1});
    for (template, result, imports) in [
        ("hello", json!({"greeting": "Hello, world!"}), &["log", "fault"][..]),
        ("rows", planned, &["sql", "log", "fault"]),
        ("counter", json!({"total": 1, "largest": 1}), &["kv", "log", "fault"]),
    ] {
        author.begin(template)?;
        let said = author.ask(&["dev", "my-agent", "--once"])?;
        let got = said.expect(0)?.result()?.get("result").cloned().unwrap_or_default();
        let same = |name: &&str| got.get(name) == result.get(name) || *name == "planned";
        assert!(["greeting", "planned", "points", "left", "total", "largest"].iter().all(same), "{template}: {got}");
        // The third task's title holds an address, which the agent never sees.
        assert!(!said.stdout.contains("ada.lovelace"), "{}", said.stdout);
        let built = said.of_type("built").next().ok_or("it was built")?;
        let listed = built.get("imports").and_then(Value::as_array).cloned().unwrap_or_default();
        for name in imports {
            assert!(listed.contains(&json!(format!("casemate:agent/{name}@0.1.0"))), "{template}: {built}");
        }
        assert!(!listed.iter().any(|import| import.as_str().is_some_and(|name| name.contains("wasi"))), "{built}");
        if template == "hello" {
            let tested = author.ask(&["test", "my-agent"])?;
            let passed = tested.expect(0)?.of_type("tested").next().and_then(|line| line.get("passed")).cloned();
            assert_eq!(passed, Some(json!(2)), "{}", tested.stdout);
        }
        let stopped = postmaster(author.host.data()).is_none_or(|pid| !is_alive(pid));
        assert!(stopped, "{template}: Postgres ends with the program");
    }
    author.host.verify()?.expect(0).map(drop)
}

/// The loop of `casemate dev`, line by line.
struct Loop {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Loop {
    /// The next line of a type.
    fn next(&mut self, kind: &str) -> Tested<Value> {
        for line in &mut self.lines {
            let found = json_lines(&line?).into_iter().find(|line| text(line, "/type") == kind);
            if let Some(found) = found {
                return Ok(found);
            }
        }
        Err(format!("it ended without a line `{kind}`").into())
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn the_loop_follows_changes(author: &Author) -> Tested {
    let mut command = author.command(&["dev", "my-agent"])?;
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let lines = BufReader::new(child.stdout.take().ok_or("it has an output")?).lines();
    let mut running = Loop { child, lines };
    assert_eq!(number(&running.next("result")?, "/result/total"), 2, "the number was kept");
    running.next("watching")?;
    author.change("input.json", "1", "40")?;
    assert_eq!(number(&running.next("result")?, "/result/total"), 42);
    running.next("watching")?;
    // What can't be compiled is told, and the loop goes on.
    author.change("src/lib.rs", "fn larger", "fn lesser")?;
    running.next("watching")?;
    author.change("src/lib.rs", "fn lesser", "fn larger")?;
    assert_eq!(number(&running.next("result")?, "/result/total"), 82);
    running.next("watching")?;
    let sent = Command::new("kill").args(["-INT", &running.child.id().to_string()]).status()?;
    assert!(sent.success() && running.child.wait()?.code() == Some(0), "it ends well");
    let stopped = postmaster(author.host.data()).is_none_or(|pid| !is_alive(pid));
    assert!(stopped, "Postgres ends with the program");
    author.host.verify()?.expect(0).map(drop)
}

fn mistakes_are_told(author: &Author) -> Tested {
    author.begin("hello")?;
    author.change(
        "src/lib.rs",
        "let name = name.trim();",
        "let name = name.trim();\n    assert_eq!(name, \"nobody\");",
    )?;
    let said = author.ask(&["dev", "my-agent", "--once"])?;
    assert_eq!((said.expect(1)?.ended_by()?, text(said.result()?, "/refusal/name")), (807, "run-panicked"));
    let message = text(said.result()?, "/refusal/message");
    assert!(message.starts_with("the agent panicked: assertion `left == right` failed"), "{message}");
    assert!(message.ends_with(" at src/lib.rs:29:5"), "{message}");

    author.change("src/lib.rs", "Ok(Output { greeting })", "Ok(Output { greting })")?;
    author.ask(&["build", "my-agent"])?.is_error("component-sources", 3)?;
    author.change("casemate.toml", "\"log\"", "\"shell\"")?;
    author.ask(&["build", "my-agent"])?.is_error("component-manifest", 3)?;
    fs::remove_file(author.folder.join("my-agent/casemate.toml"))?;
    author.ask(&["build", "my-agent"])?.is_error("component-no-manifest", 3)?;
    author.change("Cargo.toml", "crate-type = [\"cdylib\"]", "")?;
    fs::write(author.folder.join("my-agent/casemate.toml"), "[agent]\nname = \"my-agent\"\nversion = \"1\"\n")?;
    author.ask(&["build", "my-agent"])?.is_error("component-library", 3)
}

/// In another folder, and with another folder for what is built.
fn the_same_sources_give_the_same_bytes(author: &Author) -> Tested {
    let other = Author::named("other author")?;
    let mut digests = Vec::new();
    for (author, out) in [(author, "one.wasm"), (&other, "other.wasm")] {
        author.begin("hello")?;
        let said = author.ask(&["build", "my-agent", "--out", out])?;
        let built = said.expect(0)?.of_type("built").next().ok_or("it was built")?;
        let bytes = fs::read(author.folder.join(out))?;
        assert_eq!(number(built, "/bytes"), bytes.len() as u64);
        for place in [author.folder.display().to_string(), author.target.display().to_string()] {
            assert!(!String::from_utf8_lossy(&bytes).contains(&place), "{place} is in the component");
        }
        let names = String::from_utf8_lossy(&bytes).contains("<core::fmt::Error as core::fmt::Debug>::fmt");
        assert!(names, "functions have their names, for backtraces");
        digests.push((text(built, "/digest").to_owned(), bytes));
    }
    assert_eq!(digests.first(), digests.last());
    Ok(())
}

#[test]
fn a_project_that_cannot_be() -> Tested {
    let host = Host::empty()?;
    let room = fresh_directory()?;
    let ask = |words: &[&str]| Said::of(host.command(words)?.current_dir(room.path()));
    for name in ["My-Agent", "../agent", "1agent", "", "serde"] {
        ask(&["new", name])?.is_error("component-name", 3)?;
    }
    ask(&["new", "x", "--template", "none"])?.expect(2)?;
    ask(&["new", "x", "--sdk", "."])?.is_error("component-sdk", 3)?;
    assert_eq!(fs::read_dir(room.path())?.count(), 0, "nothing was made");

    fs::create_dir(room.path().join("taken"))?;
    ask(&["new", "taken"])?.expect(0)?;
    fs::write(room.path().join("taken/mine.txt"), "mine")?;
    ask(&["new", "taken"])?.is_error("component-folder", 3)?;
    assert_eq!(fs::read_to_string(room.path().join("taken/mine.txt"))?, "mine");

    for folder in [".", "nowhere"] {
        ask(&["build", folder])?.is_error("component-project", 3)?;
        ask(&["dev", folder, "--once"])?.is_error("component-project", 3)?;
    }
    assert!(!host.data().exists(), "nothing was started, so nothing is made");
    Ok(())
}

#[test]
fn a_panic_arrives_with_message_and_place() -> Tested {
    let host = Host::without_database()?;
    let panic = |message: &str| host.run("panicker", &Policy::logging(), &json!(message), &["acme"]);
    let said = panic("out of cheese")?;
    assert_eq!(said.expect(1)?.ended_by()?, 807, "{}", said.stdout);
    let message = text(said.result()?, "/refusal/message");
    assert_eq!(message, "the agent panicked: out of cheese at panicker/src/lib.rs:9:5");

    // It is on record like everything that a guest says: personal data is taken out, and it has a limit.
    let said = panic("no answer from ada@example.org")?;
    assert!(!said.stdout.contains("ada@example.org") && said.stdout.contains("<EMAIL_"), "{}", said.stdout);
    let said = panic(&"é".repeat(100_000))?;
    let message = text(said.expect(1)?.result()?, "/refusal/message");
    assert!(message.len() < 2_500 && message.ends_with("at panicker/src/lib.rs:9:5"), "{message}");
    host.verify()?.expect(0).map(drop)
}

//! The packs that ship: they can be signed as they are, and the built-in policy is one of them.

use std::path::Path;

use super::super::{Files, Source, builtin, diff, sign};
use super::{NOW, Tested, key, sources, verify, with};

fn shipped(name: &str) -> Tested<Files> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies").join(name);
    let mut files = Files::default();
    for folder in ["", "tests"] {
        for entry in std::fs::read_dir(directory.join(folder))? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                let name = entry.file_name().into_string().map_err(|_| "a name that is no text")?;
                let name = if folder.is_empty() { name } else { format!("{folder}/{name}") };
                files.add(&name, std::fs::read(entry.path())?)?;
            }
        }
    }
    Ok(files)
}

#[test]
fn they_can_be_signed_and_verified_as_they_are() -> Tested {
    for name in ["default", "assessor", "research"] {
        let files = shipped(name)?;
        let source = Source::check(&files).map_err(|errors| format!("{name}: {errors:?}"))?;
        assert_eq!(source.id.as_str(), name);
        assert!(source.cases.len() >= 8, "{name}");
        assert!(files.get("README.md").is_some(), "{name}");
        for case in &source.cases {
            let answer = case.put_to(&source.policy, 1_795_514_400_000);
            assert!(answer.passed, "{name}: {}: {answer:?}", case.name);
        }
        verify(sign(&files, &key("operator", 7)?, NOW)?)?;
    }
    Ok(())
}

#[test]
fn the_built_in_policy_is_the_pack_default_and_grants_nothing() -> Tested {
    let (policy, text) = builtin()?;
    let files = shipped("default")?;
    assert_eq!(files.get("policy.toml"), Some(text.as_bytes()));
    assert_eq!(policy.digest, crate::Digest::of(text.as_bytes()));
    assert_eq!(policy.budget.run.calls, 1);
    Ok(())
}

#[test]
fn differences_are_of_fields_and_not_of_lines() -> Tested {
    let before = sources(1)?;
    let policy = std::str::from_utf8(before.get("policy.toml").ok_or("no policy")?)?.to_owned();
    let moved =
        policy.replace("[budget]", "\n# words\n[budget]").replace("fuel = 1\nmemory = 1", "memory = 1\nfuel = 1");
    assert_eq!(diff(&before, &with(&before, "policy.toml", Some(moved.as_bytes()))?)?, []);
    let changed = policy.replace("[budget]", "[[grant]]\ntool = \"clock\"\nverbs = [\"read\"]\n[budget]").replacen(
        "calls = 1",
        "calls = 9",
        1,
    );
    let after = with(&before, "policy.toml", Some(changed.as_bytes()))?;
    let told: Vec<_> = diff(&before, &after)?.into_iter().map(|d| (d.place, d.before, d.after)).collect();
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        told,
        [
            ("policy.toml budget.run.calls".to_owned(), some("1"), some("9")),
            ("policy.toml grant".to_owned(), None, some("{ tool = \"clock\", verbs = [\"read\"] }")),
        ]
    );
    assert_eq!(diff(&after, &before)?.len(), 2);
    assert_eq!(diff(&before, &sources(2)?)?.len(), 1);
    Ok(())
}

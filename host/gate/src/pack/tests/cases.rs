//! Decision tests: what they say is what the policy is asked, and a case that can't be asked is refused.

use super::super::{Case, PackError};
use super::{Tested, sources};
use crate::pack::Source;

fn read(case: &str) -> Result<Vec<Case>, PackError> {
    Case::parse_all("tests/a.toml", &format!("[[case]]\nname = \"x\"\nexpect = \"deny\"\n{case}"))
}

#[test]
fn a_case_asks_what_it_says() -> Tested {
    let case = "as = \"person:ada@example.com\"\ndoes = \"run.start\"\non = \"assessor\"\n\
                at = \"2026-11-24T10:00:00Z\"\nmfa = true\nnetwork = \"192.0.2.7\"\nby = \"grant 1\"\n";
    let case = read(case)?.into_iter().next().ok_or("a case")?;
    let question = &case.question;
    assert_eq!(
        (question.principal.to_string(), question.action.name()),
        ("person:ada@example.com".to_owned(), "run.start")
    );
    assert_eq!((question.resource.as_str(), question.circumstances.now_ms), ("assessor", super::NOW));
    assert!(question.circumstances.mfa && question.circumstances.network.is_some());
    assert_eq!((case.by.as_deref(), case.file.as_str()), (Some("grant 1"), "tests/a.toml"));
    Ok(())
}

#[test]
fn a_case_that_nobody_can_ask_is_refused() {
    for (case, word) in [
        ("as = \"ada\"\ndoes = \"log.write\"", "agent:NAME"),
        ("as = \"agent:*\"\ndoes = \"log.write\"", "name one agent"),
        ("as = \"agent:a\"\ndoes = \"log.wipe\"", "log.wipe"),
        ("as = \"agent:a\"\ndoes = \"log.write\"\non = \"x\"", "leave `on` out"),
        ("as = \"agent:a\"\ndoes = \"kv.write\"", "say on what"),
        ("as = \"agent:a\"\ndoes = \"log.write\"\nat = \"today\"", "in UTC"),
    ] {
        let error = read(case).err().map(|error| (error.code(), error.to_string()));
        assert!(error.as_ref().is_some_and(|(code, words)| *code == "pack-field" && words.contains(word)), "{error:?}");
    }
    for case in ["does = \"log.write\"", "as = \"agent:a\"\ndoes = \"log.write\"\nnetwork = \"here\"", "more = 1"] {
        assert_eq!(read(case).err().map(|error| error.code()), Some("pack-syntax"), "{case}");
    }
}

#[test]
fn a_case_fails_when_another_policy_decides_or_another_answer_comes() -> Tested {
    let source = Source::parse(&sources(1)?)?;
    let case = source.cases.first().ok_or("a case")?.clone();
    let answer = case.put_to(&source.policy, 1_795_514_400_000);
    assert!(answer.passed, "{answer:?}");
    let by = answer.by.first().cloned().ok_or("decided by nothing")?;
    assert!(Case { by: Some(by), ..case.clone() }.put_to(&source.policy, 1_795_514_400_000).passed);
    assert!(!Case { by: Some("grant 9".to_owned()), ..case.clone() }.put_to(&source.policy, 1_795_514_400_000).passed);
    assert!(!Case { expect: crate::pack::Expected::Deny, ..case }.put_to(&source.policy, 1_795_514_400_000).passed);
    Ok(())
}

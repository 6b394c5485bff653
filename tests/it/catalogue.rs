//! The catalogue as the program shows it: beside every error, and on its own.

use serde_json::json;

use crate::host::{Host, Tested};

#[test]
fn an_error_for_machines_says_what_the_catalogue_says() -> Tested {
    let host = Host::empty()?;
    let said = host.ask(&["tenant", "add", "Not A Name"])?;
    said.is_error("tenant-name", 3)?;
    let error = said.error()?;
    assert_eq!(error.get("number"), Some(&json!(1401)), "{error}");
    assert_eq!(error.get("title"), Some(&json!("Not a tenant's name")), "{error}");
    assert_eq!(error.get("status"), Some(&json!(400)), "{error}");
    assert_eq!(error.get("uri"), Some(&json!("urn:casemate:problem:tenant-name")), "{error}");
    assert!(
        error.get("remedy").is_some_and(|remedy| remedy.as_str().is_some_and(|words| !words.is_empty())),
        "{error}"
    );
    Ok(())
}

#[test]
fn an_entry_is_found_by_name_and_by_number() -> Tested {
    let host = Host::empty()?;
    for code in ["budget-calls", "301"] {
        let said = host.ask(&["errors", code])?;
        let entry = said.expect(0)?.of_type("problem").next().ok_or("an entry")?;
        assert_eq!(entry.get("code"), Some(&json!("budget-calls")), "{entry}");
        assert_eq!(entry.get("kind"), Some(&json!("refusal")), "{entry}");
    }
    for stranger in ["budget", "0", "70000", "Budget-calls"] {
        host.ask(&["errors", stranger])?.is_error("input-code", 2)?;
    }
    let all = host.ask(&["errors"])?;
    let names: Vec<_> = all.expect(0)?.of_type("problem").filter_map(|entry| entry.get("code")).collect();
    let published: Vec<_> = casemate_abi::ENTRIES.iter().map(|entry| json!(entry.name)).collect();
    assert_eq!(names, published.iter().collect::<Vec<_>>());
    assert!(!host.data().exists(), "reading the catalogue makes no data directory");
    Ok(())
}

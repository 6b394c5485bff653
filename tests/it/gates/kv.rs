//! `kv`: values by key, each tenant's and each agent's own.

use serde_json::json;

use crate::host::{Host, Tested};
use crate::policy::Policy;
use crate::said::spelled;

#[test]
fn values_and_counters() -> Tested {
    let host = Host::seeded()?;
    let get = |key: &str| json!({"do": "kv-get", "key": key});
    let add = |key: &str, delta: i64| json!({"do": "kv-add", "key": key, "delta": delta});
    let actions = json!([
        get("probe/a"), {"do": "kv-set", "key": "probe/a", "value": "one"}, get("probe/a"),
        {"do": "kv-set", "key": "probe/b", "value": [0, 255, 254]}, get("probe/b"),
        {"do": "kv-delete", "key": "probe/a"}, {"do": "kv-delete", "key": "probe/a"}, get("probe/a"),
        add("probe/n", 5), add("probe/n", -7), add("probe/n", i64::MAX), add("probe/n", 10), add("probe/b", 1),
        {"do": "kv-set", "key": "probe/empty", "value": ""}, get("probe/empty"),
    ]);
    let said = host.probe(&Policy::open(), &actions)?;
    said.expect(0)?;
    assert_eq!(said.answer(0)?, &json!(null));
    assert_eq!(said.answer(2)?, &json!("one"));
    assert_eq!(said.answer(4)?, &json!([0, 255, 254]));
    assert_eq!((said.answer(5)?, said.answer(6)?, said.answer(7)?), (&json!(true), &json!(false), &json!(null)));
    assert_eq!((said.answer(8)?, said.answer(9)?), (&json!(5), &json!(-2)));
    assert_eq!(said.answer(10)?, &json!(i64::MAX - 2));
    assert_eq!((said.refused(11)?, said.refused(12)?), (702, 702), "{}", said.stdout);
    assert_eq!(said.answer(14)?, &json!(""));

    // Kept between runs; the other tenant has its own.
    let actions = json!([get("probe/n"), get("probe/b"), add("probe/n", 0)]);
    let said = host.run("probe", &Policy::open(), &actions, &["acme"])?;
    assert_eq!(said.answer(2)?, &json!(i64::MAX - 2));
    let said = host.run("probe", &Policy::open(), &actions, &["globex"])?;
    assert_eq!((said.answer(0)?, said.answer(1)?, said.answer(2)?), (&json!(null), &json!(null), &json!(0)));
    host.verify()?.expect(0).map(drop)
}

#[test]
fn two_runs_at_once_count_every_step() -> Tested {
    let host = Host::seeded()?;
    let step = json!({"do": "kv-add", "key": "probe/n", "delta": 1});
    let actions = json!([{"do": "repeat", "times": 25, "actions": [step]}]);
    let said = host.run("probe", &Policy::open(), &actions, &["acme", "acme", "globex"])?;
    said.expect(0)?;
    let get = json!([{"do": "kv-add", "key": "probe/n", "delta": 0}]);
    let counted = |tenant: &str| {
        Ok::<_, Box<dyn std::error::Error>>(host.run("probe", &Policy::open(), &get, &[tenant])?.answer(0)?.clone())
    };
    assert_eq!((counted("acme")?, counted("globex")?), (json!(50), json!(25)), "{}", said.stdout);
    host.verify()?.expect(0).map(drop)
}

#[test]
fn personal_data_in_a_key_is_refused_and_in_a_value_replaced() -> Tested {
    let host = Host::seeded()?;
    let actions = json!([
        {"do": "kv-set", "key": "probe/jane.doe@example.org", "value": "x"},
        {"do": "kv-get", "key": "probe/4111 1111 1111 1111"},
        {"do": "kv-set", "key": "probe/mail", "value": "jane.doe@example.org"},
        {"do": "kv-get", "key": "probe/mail"},
    ]);
    let said = host.probe(&Policy::open(), &spelled(&actions))?;
    said.expect(0)?;
    assert_eq!((said.refused(0)?, said.refused(1)?, said.refused(2)?), (401, 401, 0), "{}", said.stdout);
    let kept = said.answer(3)?.as_str().unwrap_or_default();
    assert!(kept.starts_with("<EMAIL_"), "{kept}");
    assert!(!said.stdout.contains("jane.doe"), "{}", said.stdout);
    Ok(())
}

//! Scripts that are kept to, and what a test's author is told about one that is not.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Script;
use crate::sql::{self, Rows, params};
use crate::{clock, kv, log};

/// What the panic of a script says.
fn told<T>(script: Script, agent: impl FnOnce() -> T) -> String {
    match catch_unwind(AssertUnwindSafe(|| script.run(agent))) {
        Ok(_) => String::new(),
        Err(panic) => panic.downcast_ref::<String>().cloned().unwrap_or_default(),
    }
}

#[test]
fn another_call_is_told_with_both() {
    let message = told(Script::new().kv_get("a", Ok(None)).kv_delete("b", Ok(true)), || {
        kv::get("a").and_then(|_| kv::delete("c"))
    });
    assert_eq!(message, "call 2 is kv::delete(\"c\")\n    and the script has kv::delete(\"b\")");
    let message = told(Script::new(), clock::now);
    assert_eq!(message, "call 1 is clock::now(), and the script has no more calls");
    let message = told(Script::new().kv_get("a", Ok(None)), || 1);
    assert_eq!(message, "call 1 is not made: the script has kv::get(\"a\")");
}

#[test]
fn without_a_script_nobody_answers() {
    let panic = catch_unwind(|| kv::get("a")).unwrap_err();
    let message = panic.downcast_ref::<String>().cloned().unwrap_or_default();
    assert!(message.contains("casemate::testing::Script::run"), "{message}");
    // A test that failed leaves nothing to the next one.
    told(Script::new().kv_get("a", Ok(None)), || kv::get("b"));
    assert_eq!(Script::new().kv_get("a", Ok(None)).run(|| kv::get("a")), Ok(None));
}

#[test]
fn scripts_do_not_stand_in_each_other() {
    let message = told(Script::new(), || Script::new().run(|| 1));
    assert!(message.contains("inside another one"), "{message}");
}

#[test]
fn statements_may_be_laid_out() {
    let rows = Rows::new(["one"], [params![1]]);
    let script = Script::new().sql_query("select\n    1 as one", params![], Ok(rows));
    assert_eq!(script.run(|| sql::query("select 1  as one").row::<(i64,)>()), Ok(Some((1,))));
}

#[test]
fn lines_need_no_place_and_may_have_one() {
    let script = Script::new().kv_get("a", Ok(None)).log(log::Level::Info, "two", Ok(()));
    let (_, lines) = script.run_logged(|| log::info("one").and_then(|()| kv::get("a")).and_then(|_| log::info("two")));
    assert_eq!(lines.len(), 2);
    let message = told(Script::new().log(log::Level::Info, "two", Ok(())), || log::info("one"));
    assert!(message.contains("call 1 is not made"), "{message}");
}

//! What a guest learns of the machine from its clock and its randomness: nothing. What it gets is compared with the
//! ledger, and with what the same guest gets when it runs again. It doesn't know how the guest asks.

use casemate_ledger::Kind;

use super::judged;
use super::script::named;
use crate::host::{Host, Tested};

/// The hexadecimal numbers that a guest returned, and when each entry of its run was recorded.
fn asked(host: &Host, name: &str) -> Tested<(Vec<u64>, Vec<u64>)> {
    let said = judged::run(host, &named(name)?)?.measured.said;
    let result = said.expect(0)?.result()?.get("result").cloned().unwrap_or_default();
    let numbers = result.as_str().ok_or_else(|| format!("{result} is no text"))?.split(' ');
    let numbers = numbers.map(|number| u64::from_str_radix(number, 16)).collect::<Result<_, _>>()?;
    let run = said.run()?;
    let mut times = Vec::new();
    for entry in casemate_ledger::read::scan(&host.zone(1))? {
        let leaf = entry?.leaf;
        if leaf.run.to_string() == run && leaf.kind != Kind::End {
            times.push(leaf.time_ms);
        }
    }
    Ok((numbers, times))
}

/// Each time is that of the last record. Only burned fuel adds to it, the same in each run.
#[test]
fn the_clock_says_what_is_on_record() -> Tested {
    let host = Host::without_database()?;
    let mut added = Vec::new();
    for _ in 0..3 {
        let (seen, recorded) = asked(&host, "probe-clock")?;
        let (&[first, second, third], &[opened, once, twice, _]) = (&*seen, &*recorded) else {
            return Err(format!("saw {seen:?}, recorded {recorded:?}").into());
        };
        assert_eq!((first, second), (opened, once), "saw {seen:?}, recorded {recorded:?}");
        added.push(third - twice);
    }
    assert!(added.iter().all(|more| *more == 7 || *more == 8), "for a million turns: {added:?}");
    assert!(added.windows(2).all(|pair| pair[0] == pair[1]), "the same in each run: {added:?}");
    Ok(())
}

#[test]
fn each_run_has_randomness_of_its_own() -> Tested {
    let host = Host::without_database()?;
    let mut drawn = Vec::new();
    for _ in 0..3 {
        drawn.extend(asked(&host, "probe-randomness")?.0);
    }
    assert_eq!(drawn.len(), 6);
    drawn.push(0);
    drawn.sort_unstable();
    drawn.dedup();
    assert_eq!(drawn.len(), 7, "all differ, and none is nothing: {drawn:?}");
    Ok(())
}

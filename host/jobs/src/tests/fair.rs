//! Turns: shares follow weights, nobody starves, caps hold.

use proptest::prelude::*;

use crate::fair::{ESTIMATE, Ring, Share};

const UNCAPPED: u32 = u32::MAX;

/// Serves `turns` slots one at a time, each job over at once at its tenant's cost; who was served how often.
fn serve(ring: &mut Ring<usize>, tenants: usize, slots: usize, costs: &[u64]) -> Vec<u64> {
    let mut served = vec![0; tenants];
    for _ in 0..slots {
        let Some((tenant, jobs)) = ring.next(1) else { break };
        assert_eq!(jobs, 1);
        ring.claimed(tenant, 1);
        served[tenant] += 1;
        ring.charged(tenant, costs[tenant]);
    }
    served
}

proptest! {
    #[test]
    fn work_follows_weight_while_all_are_backlogged(
        tenants in prop::collection::vec((1_u32..8, 500_u64..8_000), 2..6),
    ) {
        let mut ring = Ring::new();
        for (tenant, (weight, _)) in tenants.iter().enumerate() {
            ring.ready(tenant, Share { weight: *weight, cap: UNCAPPED });
        }
        let costs: Vec<u64> = tenants.iter().map(|(_, cost)| *cost).collect();
        let served = serve(&mut ring, tenants.len(), 20_000, &costs);
        let work: Vec<f64> = served.iter().zip(&costs).map(|(jobs, cost)| (*jobs * *cost) as f64).collect();
        let (total, weights) = (work.iter().sum::<f64>(), tenants.iter().map(|(weight, _)| f64::from(*weight)).sum::<f64>());
        for (work, (weight, _)) in work.iter().zip(&tenants) {
            let (has, due) = (work / total, f64::from(*weight) / weights);
            prop_assert!((has - due).abs() < 0.05 * due + 0.01, "{has} of {due}: {served:?}");
        }
    }

    #[test]
    fn nobody_passes_its_cap(
        caps in prop::collection::vec(0_u32..4, 1..5),
        acts in prop::collection::vec((0_u32..9, any::<u8>()), 0..200),
    ) {
        let mut ring = Ring::new();
        let mut running = vec![0_u32; caps.len()];
        for (tenant, cap) in caps.iter().enumerate() {
            ring.ready(tenant, Share { weight: 3, cap: *cap });
        }
        for (slots, chance) in acts {
            let tenant = usize::from(chance) % caps.len();
            if chance & 0x40 != 0 && running[tenant] > 0 {
                running[tenant] -= 1;
                ring.charged(tenant, u64::from(chance) * 40);
            }
            if let Some((tenant, jobs)) = ring.next(slots) {
                prop_assert!(jobs >= 1 && jobs <= slots);
                let took = jobs.min(u32::from(chance) % 3);
                ring.claimed(tenant, took);
                running[tenant] += took;
                prop_assert!(running[tenant] <= caps[tenant]);
            } else {
                prop_assert!(slots == 0 || running.iter().zip(&caps).all(|(running, cap)| running == cap));
            }
        }
    }
}

#[test]
fn one_job_is_served_beside_a_hundred_thousand() {
    let mut ring = Ring::new();
    ring.ready("busy", Share { weight: 10, cap: UNCAPPED });
    for _ in 0..100_000 {
        let (tenant, jobs) = ring.next(4).unwrap();
        ring.claimed(tenant, jobs);
    }
    ring.ready("small", Share { weight: 1, cap: 1 });
    let mut before = 0;
    while let Some((tenant, jobs)) = ring.next(4) {
        ring.claimed(tenant, jobs);
        if tenant == "small" {
            break;
        }
        before += jobs;
    }
    assert!(before <= 10, "{before} jobs came before");
}

#[test]
fn a_debt_outlives_idleness_and_is_paid_off() {
    let mut ring = Ring::new();
    let share = Share { weight: 1, cap: UNCAPPED };
    ring.ready("dear", share);
    assert_eq!(ring.next(1), Some(("dear", 1)));
    ring.claimed("dear", 1);
    ring.gone("dear");
    ring.charged("dear", 5 * ESTIMATE as u64);
    ring.ready("dear", share);
    ring.ready("cheap", share);
    let served = (0..5).map(|_| {
        let (tenant, _) = ring.next(1).unwrap();
        ring.claimed(tenant, 1);
        ring.charged(tenant, ESTIMATE as u64);
        tenant
    });
    assert_eq!(served.filter(|tenant| *tenant == "dear").count(), 1);
    // Alone it doesn't wait for anybody.
    ring.gone("cheap");
    assert_eq!(ring.next(1), Some(("dear", 1)));
}

#[test]
fn jobs_that_cost_nothing_do_not_prolong_a_turn() {
    let mut ring = Ring::new();
    ring.ready("free", Share { weight: 2, cap: UNCAPPED });
    ring.ready("other", Share { weight: 1, cap: UNCAPPED });
    let served = (0..100).filter(|_| {
        let (tenant, _) = ring.next(1).unwrap();
        ring.claimed(tenant, 1);
        ring.charged(tenant, if tenant == "free" { 0 } else { ESTIMATE as u64 });
        tenant == "other"
    });
    assert!(served.count() >= 20);
}

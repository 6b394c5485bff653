//! What the decision on a static grant costs, and that it allocates nothing: the gate's own look at a call, allowed and
//! denied, with as many rules as a large policy has.

use std::alloc::{GlobalAlloc, Layout, System};
use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use casemate_gate::authz::{Action, Circumstances, Question};
use casemate_gate::call::{Tool, Verb};
use casemate_gate::policy::{Grants, Manifest, Policy};

use super::figures::{heading, line, median, time};

/// The system's allocator, and how often it was asked.
struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

#[expect(unsafe_code, reason = "an allocator that counts hands everything on to the system's")]
// SAFETY: every request goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise is the system allocator's demand.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: it came from `alloc` above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const RULES: usize = 64;
const DECISIONS: u32 = 1_000;
const ROUNDS: usize = 200;

pub(crate) fn measure() {
    heading("The decision on a static grant (64 rules in manifest and policy; aim: at most 300 ns, no allocation)");
    let (policy, grants) = grants();
    let last = format!("keys/{}/x", RULES - 1);
    for (what, key) in
        [("allowed by the first rule", "keys/0/x"), ("allowed by the last rule", &last), ("denied", "other")]
    {
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        let mut samples = [Duration::ZERO; ROUNDS];
        for sample in &mut samples {
            let begun = Instant::now();
            for _ in 0..DECISIONS {
                let _granted =
                    black_box(grants.allow(black_box(Tool::Kv), black_box(Verb::Read), black_box(Some(key)), 0));
            }
            *sample = begun.elapsed() / DECISIONS;
        }
        let allocations = ALLOCATIONS.load(Ordering::Relaxed) - before;
        line(what, format!("{}, {allocations} allocations", time(median(&mut samples))));
    }
    // What an action costs that some grant ties to conditions: the same set, asked of Cedar.
    let set = grants.set(&policy).unwrap();
    for (what, key) in [("by Cedar, allowed", last.as_str()), ("by Cedar, denied", "other")] {
        let question = Question {
            principal: "agent:bench".parse().unwrap(),
            roles: Vec::new(),
            action: Action::KvRead,
            resource: key.to_owned(),
            circumstances: Circumstances::default(),
        };
        let mut samples = [Duration::ZERO; ROUNDS];
        for sample in &mut samples {
            let begun = Instant::now();
            let _verdict = black_box(set.decide(black_box(&question)));
            *sample = begun.elapsed();
        }
        line(what, time(median(&mut samples)));
    }
}

fn grants() -> (Policy, Grants) {
    let mut resources = String::new();
    for number in 0..RULES {
        let _infallible = write!(resources, "\"keys/{number}/*\", ");
    }
    let rule = |kind: &str| format!("[[{kind}]]\ntool = \"kv\"\nverbs = [\"read\"]\nresources = [{resources}]\n");
    let limits = "fuel = 1\nmemory = 1\nwall-clock = 1\ncalls = 1\nlog-bytes = 1\nresult-bytes = 1\n";
    let budget = format!("[budget]\ndenials = 1\n[budget.run]\n{limits}[budget.tenant]\n{limits}");
    let policy = Policy::parse(&format!("name = \"bench\"\n{}{budget}", rule("grant"))).unwrap();
    let manifest = format!("[agent]\nname = \"bench\"\nversion = \"1\"\n{}", rule("capability"));
    let grants = policy.grants(&Manifest::parse(&manifest).unwrap());
    (policy, grants)
}

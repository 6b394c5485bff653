//! What row-level security under a signed claim costs: a query through the whole crossing, beside the same with an
//! unsigned claim (PostgREST's transaction) and beside sqlx with nothing around it, in turn and in one go. Run by `cargo
//! xtask bench sql`; results go into `docs/benchmarks.md`.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark that can't be set up has nothing to say")]

#[path = "sql/world.rs"]
mod world;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use casemate_gate::{Reply, Request, Value};
use casemate_server::crossing::{Passage, Way};
use casemate_store::yardstick::{Key, Yardstick};
use world::World;

/// Rounds, and how long each form has in each of them.
const ROUNDS: usize = 9;
const SLICE: Duration = Duration::from_millis(700);
/// Concurrent callers.
const CALLERS: u64 = 32;
const TENANTS: u64 = 10;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    Bare,
    Unsigned,
    Crossing,
}

const FORMS: [Form; 3] = [Form::Bare, Form::Unsigned, Form::Crossing];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Size {
    Point,
    Thousand,
}

fn text(form: Form, size: Size) -> &'static str {
    match (form, size) {
        (Form::Bare, Size::Point) => {
            "select id, bucket, name, amount, seen from public.plain where tenant_id = $1 and id = $2"
        }
        (Form::Bare, Size::Thousand) => {
            "select id, bucket, name, amount, seen from public.plain where tenant_id = $1 and bucket = $2"
        }
        (Form::Unsigned, Size::Point) => {
            "select id, bucket, name, amount, seen from public.claimed where $1::uuid is not null and id = $2"
        }
        (Form::Unsigned, Size::Thousand) => {
            "select id, bucket, name, amount, seen from public.claimed where $1::uuid is not null and bucket = $2"
        }
        (Form::Crossing, Size::Point) => "select id, bucket, name, amount, seen from public.points where id = $1",
        (Form::Crossing, Size::Thousand) => {
            "select id, bucket, name, amount, seen from public.points where bucket = $1"
        }
    }
}

/// The tenant and key number `turn`, as the tables were filled.
fn place(turn: u64, size: Size) -> (u64, Key) {
    let (tenant, number) = (turn % TENANTS + 1, turn.wrapping_mul(7919) % 10_000);
    match size {
        Size::Point => (tenant, Key::Id(Yardstick::row(tenant, number))),
        Size::Thousand => (tenant, Key::Bucket(i64::try_from(number / 1000).unwrap())),
    }
}

struct Caller {
    world: Arc<World>,
    passages: Vec<Passage>,
    turn: u64,
}

impl Caller {
    fn new(world: &Arc<World>, number: u64) -> Self {
        let passages = (1..=TENANTS).map(|tenant| world.passage(Yardstick::tenant(tenant))).collect();
        Self { world: Arc::clone(world), passages, turn: number * 1000 }
    }

    async fn ask(&mut self, form: Form, size: Size) {
        self.turn += 1;
        let (tenant, key) = place(self.turn, size);
        let id = Yardstick::tenant(tenant);
        let cells = match form {
            Form::Bare => self.world.yardstick.bare(text(form, size), id, &key).await.unwrap(),
            Form::Unsigned => self.world.yardstick.unsigned(text(form, size), id, &key).await.unwrap(),
            Form::Crossing => {
                let parameter = match key {
                    Key::Id(id) => Value::Uuid(id.to_string()),
                    Key::Bucket(bucket) => Value::Integer(bucket),
                };
                let request = Request::SqlQuery { statement: text(form, size).to_owned(), parameters: vec![parameter] };
                let passage = self.passages.get_mut(usize::try_from(tenant - 1).unwrap()).unwrap();
                match passage.cross(request, self.turn).await {
                    Way::Answer(Ok(Reply::Rows { rows, .. })) => rows.iter().map(Vec::len).sum(),
                    other => unexpected(&other),
                }
            }
        };
        let expected = if size == Size::Point { 5 } else { 5000 };
        assert_eq!(cells, expected, "{form:?}");
    }
}

#[expect(clippy::panic, reason = "a refused call would be measured as a fast one")]
fn unexpected(way: &Way) -> ! {
    panic!("{way:?}")
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

async fn alone(world: &Arc<World>, size: Size) {
    let mut caller = Caller::new(world, 1);
    let mut times: [Vec<f64>; 3] = Default::default();
    for round in 0..=ROUNDS {
        for (form, times) in FORMS.into_iter().zip(&mut times) {
            let begun = Instant::now();
            while begun.elapsed() < SLICE {
                let asked = Instant::now();
                caller.ask(form, size).await;
                // The first round warms up connections, plans and caches.
                if round > 0 {
                    times.push(asked.elapsed().as_secs_f64() * 1e3);
                }
            }
        }
    }
    let [bare, unsigned, crossing] = times.map(median);
    println!(
        "one caller: bare {bare:.3} ms, unsigned {unsigned:.3} ms, crossing {crossing:.3} ms; crossing - unsigned = {:+.3} ms",
        crossing - unsigned
    );
}

async fn together(world: &Arc<World>, size: Size) {
    let mut rates: [Vec<f64>; 3] = Default::default();
    let mut callers: Vec<Caller> = (0..CALLERS).map(|number| Caller::new(world, number)).collect();
    for round in 0..=ROUNDS {
        for (form, rates) in FORMS.into_iter().zip(&mut rates) {
            let done = Arc::new(AtomicU64::new(0));
            let begun = Instant::now();
            let tasks: Vec<_> = callers
                .drain(..)
                .map(|mut caller| {
                    let done = Arc::clone(&done);
                    tokio::spawn(async move {
                        while begun.elapsed() < SLICE {
                            caller.ask(form, size).await;
                            done.fetch_add(1, Ordering::Relaxed);
                        }
                        caller
                    })
                })
                .collect();
            for task in tasks {
                callers.push(task.await.unwrap());
            }
            if round > 0 {
                rates.push(done.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64());
            }
        }
    }
    let [bare, unsigned, crossing] = rates.map(median);
    println!(
        "{CALLERS} callers: bare {bare:.0}/s, unsigned {unsigned:.0}/s, crossing {crossing:.0}/s; crossing / unsigned = {:.2}",
        crossing / unsigned
    );
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let world = Arc::new(World::new().await);
        for (name, size) in [("point query", Size::Point), ("1,000 rows", Size::Thousand)] {
            println!("{name}");
            alone(&world, size).await;
            together(&world, size).await;
        }
        Arc::into_inner(world).unwrap().stop().await;
    });
}

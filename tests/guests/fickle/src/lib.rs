//! Whatever could differ from one run to the next, and what it comes to, in its log and in its result: the order of hash
//! maps, the bits of numbers that are none, addresses, memory until there is no more, a deep recursion, time and
//! randomness. It looks for nothing else.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::hint::black_box;

use casemate::{Refusal, clock, log, random};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Input {
    /// How deep the recursion goes.
    depth: u64,
    /// Bytes of the pieces of memory that are taken until there is no more; 0 for none.
    piece: usize,
}

#[derive(Serialize)]
struct Output {
    orders: Vec<Vec<u32>>,
    hashes: Vec<String>,
    nans: Vec<String>,
    addresses: Vec<String>,
    pieces: usize,
    deep: String,
    time: u64,
    random: String,
}

#[casemate::agent]
fn run(input: Input) -> Result<Output, Refusal> {
    let orders = orders();
    log::info(format!("orders {orders:?}"))?;
    let hashes: Vec<String> = (0..4_u8).map(|at| spelled(RandomState::new().hash_one(at))).collect();
    let nans = nans();
    log::info(format!("numbers that are none {}", nans.join(" ")))?;
    let time = clock::now()?.milliseconds();
    let random = random::bytes::<32>()?.iter().map(|byte| spelled(u64::from(*byte))).collect();
    let addresses = addresses();
    let pieces = pieces(input.piece);
    log::info(format!("{pieces} pieces, and addresses {}", addresses.join(" ")))?;
    let deep = spelled(deep(input.depth, 1));
    let time = time.wrapping_add(clock::now()?.milliseconds());
    Ok(Output { orders, hashes, nans, addresses, pieces, deep, time, random })
}

/// A number in letters, which nobody takes for a telephone's.
fn spelled(number: u64) -> String {
    format!("{number:x}")
        .bytes()
        .map(|digit| char::from(if digit.is_ascii_digit() { digit - b'0' + b'g' } else { digit }))
        .collect()
}

fn orders() -> Vec<Vec<u32>> {
    let numbers = 0..12_u32;
    let map: HashMap<u32, ()> = numbers.clone().map(|number| (number, ())).collect();
    let set: HashSet<u32> = numbers.collect();
    vec![map.into_keys().collect(), set.into_iter().collect()]
}

fn nans() -> Vec<String> {
    let zero = black_box(0.0_f64);
    // Another zero, so that it is this guest that divides, and not whoever compiles it.
    let nothing = black_box(0.0_f64);
    let odd = f64::from_bits(black_box(0x7ff4_dead_beef_1234));
    let small = f32::from_bits(black_box(0xffc1_2345));
    let wide = [
        zero / nothing,
        -(zero / nothing),
        (-1.0 - zero).sqrt(),
        odd + 1.0,
        odd * odd,
        f64::INFINITY - f64::INFINITY / (1.0 + zero),
    ];
    let narrow = [small + 1.0, small * small, black_box(0.0_f32) / 0.0];
    let narrow = narrow.iter().map(|number| u64::from(number.to_bits()));
    wide.iter().map(|number| number.to_bits()).chain(narrow).map(spelled).collect()
}

fn addresses() -> Vec<String> {
    let here = 0_u8;
    let there = Box::new(1_u8);
    [&raw const here, &raw const *there].iter().map(|address| spelled(*address as usize as u64)).collect()
}

/// How many pieces of memory there are.
fn pieces(bytes: usize) -> usize {
    if bytes == 0 {
        return 0;
    }
    let mut held: Vec<Vec<u8>> = Vec::new();
    loop {
        let mut piece: Vec<u8> = Vec::new();
        if held.try_reserve(1).is_err() || piece.try_reserve_exact(bytes).is_err() {
            return held.len();
        }
        piece.resize(bytes, 0xa5);
        held.push(black_box(piece));
    }
}

/// A recursion that no compiler turns into a loop.
fn deep(left: u64, sum: u64) -> u64 {
    if left == 0 {
        return sum;
    }
    let below = deep(black_box(left - 1), sum.rotate_left(7) ^ left);
    below.wrapping_mul(black_box(31)).wrapping_add(left)
}

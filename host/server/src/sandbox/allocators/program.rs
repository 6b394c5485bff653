//! Random programs as component text: arithmetic in integers and floats, loops, calls, calls through a table that
//! changes, memory that grows and is filled and copied, traps. Addresses are mostly, not always, within the memory. It
//! doesn't know who runs them.

use std::fmt::Write as _;

use proptest::prelude::*;

/// Functions of a program; each has two parameters and two more locals.
const FUNCTIONS: usize = 3;

/// An expression of type `i64`.
#[derive(Debug, Clone)]
enum Value {
    Constant(i64),
    Local(usize),
    Binary(&'static str, Box<Value>, Box<Value>),
    /// Of two numbers as floats, as bits.
    Float(&'static str, Box<Value>, Box<Value>),
    Load(Box<Value>),
    Pages,
    Grow(Box<Value>),
    Elements,
    GrowTable(u16),
    Call(usize, Box<Value>, Box<Value>),
    CallElement(Box<Value>, Box<Value>),
}

#[derive(Debug, Clone)]
enum Step {
    Set(usize, Value),
    Store(Value, Value),
    Fill(Value, Value, Value),
    Copy(Value, Value, Value),
    Init(Value, u8, u8),
    SetElement(Value, usize),
    CopyElements(Value, Value, u8),
    If(Value, Vec<Step>, Vec<Step>),
    Repeat(u8, Vec<Step>),
    Trap,
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        3 => any::<i64>().prop_map(Value::Constant),
        3 => (0..70_000_i64).prop_map(Value::Constant),
        6 => (0..4_usize).prop_map(Value::Local),
        1 => Just(Value::Pages),
        1 => Just(Value::Elements),
        1 => (0..3_000_u16).prop_map(Value::GrowTable),
    ];
    let integer = prop::sample::select(vec![
        "add", "sub", "mul", "and", "or", "xor", "shl", "shr_s", "shr_u", "rotl", "div_s", "div_u", "rem_s", "rem_u",
    ]);
    let float = prop::sample::select(vec!["add", "sub", "mul", "div", "min", "max", "copysign"]);
    leaf.prop_recursive(3, 12, 2, move |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        prop_oneof![
            6 => (integer.clone(), boxed(), boxed()).prop_map(|(op, a, b)| Value::Binary(op, a, b)),
            2 => (float.clone(), boxed(), boxed()).prop_map(|(op, a, b)| Value::Float(op, a, b)),
            3 => boxed().prop_map(Value::Load),
            1 => boxed().prop_map(Value::Grow),
            1 => (0..FUNCTIONS, boxed(), boxed()).prop_map(|(f, a, b)| Value::Call(f, a, b)),
            1 => (boxed(), boxed()).prop_map(|(a, b)| Value::CallElement(a, b)),
        ]
    })
}

fn step() -> impl Strategy<Value = Step> {
    let leaf = prop_oneof![
        8 => (0..4_usize, value()).prop_map(|(local, value)| Step::Set(local, value)),
        4 => (value(), value()).prop_map(|(at, value)| Step::Store(at, value)),
        1 => (value(), value(), value()).prop_map(|(at, with, length)| Step::Fill(at, with, length)),
        1 => (value(), value(), value()).prop_map(|(to, from, length)| Step::Copy(to, from, length)),
        1 => (value(), 0..20_u8, 0..20_u8).prop_map(|(to, from, length)| Step::Init(to, from, length)),
        1 => (value(), 0..FUNCTIONS).prop_map(|(at, function)| Step::SetElement(at, function)),
        1 => (value(), value(), 0..8_u8).prop_map(|(to, from, length)| Step::CopyElements(to, from, length)),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let steps = || prop::collection::vec(inner.clone(), 0..4);
        prop_oneof![
            3 => (value(), steps(), steps()).prop_map(|(value, then, otherwise)| Step::If(value, then, otherwise)),
            3 => (0..40_u8, steps()).prop_map(|(times, steps)| Step::Repeat(times, steps)),
            1 => value().prop_map(|value| Step::If(value, vec![Step::Trap], Vec::new())),
        ]
    })
}

/// A component's text, which exports `run`.
pub(super) fn text() -> impl Strategy<Value = String> {
    let function = (prop::collection::vec(step(), 1..7), value());
    (prop::collection::vec(function, FUNCTIONS), 1..4_u8, 1..30_u8).prop_map(|(functions, pages, elements)| {
        let mut text = format!(
            "(component (core module $m (type $f (func (param i64 i64) (result i64)))
            (memory {pages}) (table $t {elements} funcref) (elem (i32.const 0) $f0) (elem declare func $f1 $f2)
            (data $d \"a segment of data\") (data (i32.const 40) \"another one\")\n"
        );
        for (at, (steps, result)) in functions.iter().enumerate() {
            // Locals 4 and up count the repetitions of loops inside each other.
            let _always = writeln!(text, "(func $f{at} (type $f) (local i64 i64 i32 i32 i32 i32)");
            steps.iter().for_each(|step| step.write(&mut text, 4));
            result.write(&mut text);
            text.push_str(")\n");
        }
        text + SUM
    })
}

/// The result is that of the first function and the sum of the first page.
const SUM: &str = r#"
    (func (export "run") (param i64 i64) (result i64) (local i64 i32)
      (local.set 2 (call $f0 (local.get 0) (local.get 1)))
      (loop $next
        (local.set 2 (i64.add (i64.rotl (local.get 2) (i64.const 7)) (i64.load (local.get 3))))
        (local.set 3 (i32.add (local.get 3) (i32.const 64)))
        (br_if $next (i32.lt_u (local.get 3) (i32.const 65536))))
      (local.get 2)))
    (core instance $i (instantiate $m))
    (func (export "run") (param "one" u64) (param "other" u64) (result u64) (canon lift (core func $i "run"))))"#;

impl Value {
    fn write(&self, text: &mut String) {
        match self {
            Self::Constant(number) => drop(write!(text, "(i64.const {number})")),
            Self::Local(local) => drop(write!(text, "(local.get {local})")),
            Self::Binary(op, a, b) => pair(text, &format!("(i64.{op} "), a, b, ")"),
            Self::Float(op, a, b) => {
                let _always = write!(text, "(i64.reinterpret_f64 (f64.{op} (f64.reinterpret_i64 ");
                a.write(text);
                text.push_str(") (f64.convert_i64_s ");
                b.write(text);
                text.push_str(")))");
            }
            Self::Load(at) => {
                text.push_str("(i64.load ");
                address(text, at);
                text.push(')');
            }
            Self::Pages => text.push_str("(i64.extend_i32_u (memory.size))"),
            Self::Grow(pages) => {
                text.push_str("(i64.extend_i32_s (memory.grow (i32.wrap_i64 (i64.and (i64.const 31) ");
                pages.write(text);
                text.push_str("))))");
            }
            Self::Elements => text.push_str("(i64.extend_i32_u (table.size $t))"),
            Self::GrowTable(elements) => {
                let _always = write!(text, "(i64.extend_i32_s (table.grow $t (ref.null func) (i32.const {elements})))");
            }
            Self::Call(function, a, b) => pair(text, &format!("(call $f{function} "), a, b, ")"),
            Self::CallElement(a, b) => {
                pair(text, "(call_indirect $t (type $f) ", a, b, " (i32.and (i32.const 3) (i32.wrap_i64 ");
                b.write(text);
                text.push_str(")))");
            }
        }
    }
}

impl Step {
    /// `counter` is the local that counts a loop at this depth.
    fn write(&self, text: &mut String, counter: usize) {
        match self {
            Self::Set(local, value) => {
                let _always = write!(text, "(local.set {local} ");
                value.write(text);
                text.push_str(")\n");
            }
            Self::Store(at, value) => {
                text.push_str("(i64.store ");
                address(text, at);
                value.write(text);
                text.push_str(")\n");
            }
            Self::Fill(at, with, length) => {
                text.push_str("(memory.fill ");
                address(text, at);
                text.push_str("(i32.wrap_i64 ");
                with.write(text);
                text.push_str(") ");
                address(text, length);
                text.push_str(")\n");
            }
            Self::Copy(to, from, length) => {
                text.push_str("(memory.copy ");
                [to, from, length].into_iter().for_each(|value| address(text, value));
                text.push_str(")\n");
            }
            Self::Init(to, from, length) => {
                text.push_str("(memory.init $d ");
                address(text, to);
                let _always = writeln!(text, "(i32.const {from}) (i32.const {length}))");
            }
            Self::SetElement(at, function) => {
                text.push_str("(table.set $t ");
                element(text, at);
                let _always = writeln!(text, "(ref.func $f{function}))");
            }
            Self::CopyElements(to, from, length) => {
                text.push_str("(table.copy $t $t ");
                element(text, to);
                element(text, from);
                let _always = writeln!(text, "(i32.const {length}))");
            }
            Self::If(value, then, otherwise) => {
                text.push_str("(if (i32.wrap_i64 ");
                value.write(text);
                text.push_str(") (then ");
                then.iter().for_each(|step| step.write(text, counter));
                text.push_str(") (else ");
                otherwise.iter().for_each(|step| step.write(text, counter));
                text.push_str("))\n");
            }
            Self::Repeat(times, steps) => {
                let _always = write!(text, "(local.set {counter} (i32.const {times}))\n(loop ");
                steps.iter().for_each(|step| step.write(text, counter + 1));
                let _always = write!(
                    text,
                    "(local.set {counter} (i32.sub (local.get {counter}) (i32.const 1)))
                     (br_if 0 (i32.gt_s (local.get {counter}) (i32.const 0))))\n"
                );
            }
            Self::Trap => text.push_str("unreachable\n"),
        }
    }
}

/// Two values between words.
fn pair(text: &mut String, before: &str, a: &Value, b: &Value, after: &str) {
    text.push_str(before);
    a.write(text);
    text.push(' ');
    b.write(text);
    text.push_str(after);
}

/// An address in the first two pages, of which the memory may have only one.
fn address(text: &mut String, value: &Value) {
    text.push_str("(i32.wrap_i64 (i64.and (i64.const 0x1fff8) ");
    value.write(text);
    text.push_str("))");
}

fn element(text: &mut String, value: &Value) {
    text.push_str("(i32.and (i32.const 15) (i32.wrap_i64 ");
    value.write(text);
    text.push_str("))");
}

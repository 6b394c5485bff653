//! What a person types while a run waits. It doesn't know what is done about it.

use casemate_gate::{Operation, Seq};

/// One line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// On to the next call.
    Next,
    /// On to the next place at which it is to stop, or to the end.
    Continue,
    /// Stop there.
    Break(Stop),
    /// Stop nowhere any more.
    Clear,
    /// What is asked for.
    Args,
    /// What it will be answered.
    Answer,
    /// What was burned.
    Fuel,
    /// What is held.
    Memory,
    /// What was logged so far.
    Logs,
    /// All calls.
    List,
    /// What can be typed.
    Help,
    /// The end.
    Quit,
}

/// Where to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// At the call of this number.
    Call(Seq),
    /// At every call of this operation.
    At(Operation),
}

/// Every order, for people.
pub(super) const HELP: &str = "\
next            on to the next call (n, or an empty line)
continue        on to the next stop, or to the end (c)
break CALL      stop at the call of this number (b)
break TOOL.OP   stop at every call of an operation, such as `kv.set`
clear           stop nowhere any more
args            what is asked for (a)
answer          what it will be answered
fuel            what was burned until now, and since the call before
memory          bytes that the run holds
logs            what was logged so far
list            all calls, with an arrow at this one (l)
quit            leave (q)";

/// Understands a line.
pub(super) fn parse(line: &str) -> Option<Order> {
    let mut words = line.split_ascii_whitespace();
    let (word, rest, more) = (words.next().unwrap_or("next"), words.next(), words.next());
    let order = match (word, rest) {
        ("break" | "b", Some(at)) => Order::Break(stop(at)?),
        (_, Some(_)) => return None,
        ("next" | "n", None) => Order::Next,
        ("continue" | "c", None) => Order::Continue,
        ("clear", None) => Order::Clear,
        ("args" | "a", None) => Order::Args,
        ("answer", None) => Order::Answer,
        ("fuel", None) => Order::Fuel,
        ("memory", None) => Order::Memory,
        ("logs", None) => Order::Logs,
        ("list" | "l", None) => Order::List,
        ("help" | "h" | "?", None) => Order::Help,
        ("quit" | "q", None) => Order::Quit,
        _ => return None,
    };
    more.is_none().then_some(order)
}

fn stop(at: &str) -> Option<Stop> {
    match at.parse() {
        Ok(number) => Some(Stop::Call(Seq::new(number))),
        Err(_) => Operation::ALL.into_iter().find(|operation| operation.name() == at).map(Stop::At),
    }
}

#[cfg(test)]
mod tests {
    use super::{Order, Stop, parse};
    use casemate_gate::{Operation, Seq};

    #[test]
    fn orders_are_understood_and_nothing_else() {
        assert_eq!(parse(""), Some(Order::Next));
        assert_eq!(parse(" c "), Some(Order::Continue));
        assert_eq!(parse("break 12"), Some(Order::Break(Stop::Call(Seq::new(12)))));
        assert_eq!(parse("b kv.set"), Some(Order::Break(Stop::At(Operation::KvSet))));
        for stranger in ["break", "break fly", "next 1", "b 1 2", "fly", "break -1"] {
            assert_eq!(parse(stranger), None, "{stranger}");
        }
    }
}

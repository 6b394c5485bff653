//! Policies for tests: everything that the probe's manifest names, and little of each budget is ever needed; a test
//! changes what it is about. It doesn't know how they are enforced.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A policy that can be written down.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    grants: Vec<String>,
    pii: BTreeMap<&'static str, &'static str>,
    denials: u64,
    run: BTreeMap<&'static str, u64>,
    tenant: BTreeMap<&'static str, u64>,
    /// Limits of an agent, and of windows, by the table in which they stand.
    others: BTreeMap<&'static str, BTreeMap<&'static str, u64>>,
}

impl Policy {
    /// Grants nothing.
    pub(crate) fn closed() -> Self {
        let run = BTreeMap::from([
            ("fuel", 2_000_000_000),
            ("memory", 67_108_864),
            ("wall-clock", 60_000),
            ("calls", 1_000),
            ("log-bytes", 65_536),
            ("result-bytes", 8_388_608),
        ]);
        let tenant = run.iter().map(|(name, limit)| (*name, limit * 4)).collect();
        let pii = ["email", "phone", "card", "government_id"].map(|class| (class, "reversible"));
        Self { grants: Vec::new(), pii: pii.into(), denials: 100, run, tenant, others: BTreeMap::new() }
    }

    /// Grants all tools, `public.assessments`, `public.summaries` and the keys under `probe/`.
    pub(crate) fn open() -> Self {
        Self::closed()
            .granting("sql", &["read", "write"], &["public.assessments", "public.summaries"])
            .granting("kv", &["read", "write"], &["probe/*"])
            .without_rows()
    }

    /// Grants what needs no database as well.
    fn without_rows(self) -> Self {
        self.granting("log", &["write"], &[]).granting("clock", &["read", "wait"], &[]).granting(
            "random",
            &["read"],
            &[],
        )
    }

    /// What the guests `hog`, `looper` and `panicker` need.
    pub(crate) fn logging() -> Self {
        Self::closed().granting("log", &["write"], &[])
    }

    /// What the assessor needs.
    pub(crate) fn assessor() -> Self {
        Self::closed()
            .granting("sql", &["read", "write"], &["public.assessments", "public.summaries"])
            .granting("kv", &["read", "write"], &["assessor/*"])
            .granting("log", &["write"], &[])
            .granting("clock", &["read"], &[])
    }

    /// The same with one more rule.
    pub(crate) fn granting(mut self, tool: &str, verbs: &[&str], resources: &[&str]) -> Self {
        let mut rule = format!("[[grant]]\ntool = \"{tool}\"\nverbs = {verbs:?}\n");
        if !resources.is_empty() {
            rule.push_str(&format!("resources = {resources:?}\n"));
        }
        self.grants.push(rule);
        self
    }

    /// The same with one more rule, of which each call waits for an approval.
    pub(crate) fn asking(self, tool: &str, verbs: &[&str], resources: &[&str], approve: &str) -> Self {
        let mut policy = self.granting(tool, verbs, resources);
        if let Some(rule) = policy.grants.last_mut() {
            rule.push_str(&format!("approve = {approve}\n"));
        }
        policy
    }

    /// The same with another mode for a class of personal data.
    pub(crate) fn handling(mut self, class: &'static str, mode: &'static str) -> Self {
        self.pii.insert(class, mode);
        self
    }

    /// The same with personal data told and not touched.
    pub(crate) fn flagging(self) -> Self {
        let classes = ["email", "phone", "card", "government_id", "credential"];
        classes.into_iter().fold(self, |policy, class| policy.handling(class, "flag-only"))
    }

    /// The same with another number of refusals after which a run is stopped.
    pub(crate) fn denials(mut self, denials: u64) -> Self {
        self.denials = denials;
        self
    }

    /// The same with another limit of one run.
    pub(crate) fn run(mut self, resource: &'static str, limit: u64) -> Self {
        self.run.insert(resource, limit);
        let tenant = self.tenant.entry(resource).or_default();
        *tenant = limit.max(*tenant);
        self
    }

    /// The same with another limit of what a tenant's runs use together.
    pub(crate) fn tenant(mut self, resource: &'static str, limit: u64) -> Self {
        self.tenant.insert(resource, limit);
        self
    }

    /// The same with a limit of an agent or of a window: in `agent`, `tenant.month` and their kind.
    pub(crate) fn within(mut self, table: &'static str, resource: &'static str, limit: u64) -> Self {
        self.others.entry(table).or_default().insert(resource, limit);
        self
    }

    /// As it is written in a file.
    pub(crate) fn text(&self) -> String {
        let mut text = "name = \"test\"\n".to_owned();
        self.grants.iter().for_each(|rule| text.push_str(rule));
        let mut table = |name: &str, lines: Vec<String>| {
            let _always = writeln!(text, "[{name}]\n{}", lines.join("\n"));
        };
        let numbers =
            |limits: &BTreeMap<&str, u64>| limits.iter().map(|(name, limit)| format!("{name} = {limit}")).collect();
        // A mode alone, or a table with modes of its own for channels.
        let handled = |(class, mode): (&&str, &&str)| match mode.starts_with('{') {
            true => format!("{class} = {mode}"),
            false => format!("{class} = {mode:?}"),
        };
        table("pii", self.pii.iter().map(handled).collect());
        table("budget", vec![format!("denials = {}", self.denials)]);
        table("budget.run", numbers(&self.run));
        table("budget.tenant", numbers(&self.tenant));
        for (name, limits) in &self.others {
            table(&format!("budget.{name}"), numbers(limits));
        }
        text
    }
}

//! Asks Cedar. The set and the schema are parsed and checked once; a question costs one evaluation of the set, and
//! nothing of it is kept. It doesn't know which questions the grant table answers without it.

use std::collections::{HashMap, HashSet};

use cedar_policy::{
    ActionConstraint, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, Policy, PolicyId,
    PolicySet, PrincipalConstraint, Request, RestrictedExpression, Schema, ValidationMode, Validator,
};

use super::{Action, Clause, Principal, Question, SCHEMA, Statement, Verdict};
use crate::budget::written;

/// Most policies of one set: Cedar looks at each of them for every question.
const POLICIES: usize = 1_000;

/// Bytes of stack for one decision or check: five times what Cedar wants to have left.
const STACK_BYTES: usize = 512 * 1024;

/// Why policies make no set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthzError {
    /// Not Cedar.
    #[error("correct the Cedar policies: {0}")]
    Syntax(String),
    /// Cedar, but not about anything that the schema has.
    #[error("make the Cedar policies fit the schema: {0}")]
    Schema(String),
    /// A template.
    #[error("write `{0}` without slots: nothing fills them in")]
    Template(String),
    /// Two with one id.
    #[error("give the Cedar policy `{0}` another `@id`: there are two of that name")]
    Duplicate(String),
    /// More than are looked at.
    #[error("write fewer grants and policies: a tenant has at most {POLICIES}")]
    TooMany,
    /// A permit for agents, which nothing but the policy set would hold them to.
    #[error(
        "write the permit `{0}` as a `[[grant]]`, or name the people, keys, services or roles that it is for: agents are \
         granted tables and imports before they run"
    )]
    Permit(String),
}

/// A tenant's policy set.
#[derive(Debug, Clone)]
pub struct Authorizer {
    policies: PolicySet,
    schema: Schema,
    /// The actions of agents that a policy of `rules.cedar` speaks of: the grant table doesn't know it.
    live: u32,
}

impl Authorizer {
    /// The set of these statements and of Cedar policies that were written by hand.
    ///
    /// # Errors
    /// [`AuthzError`]: what to change.
    pub fn new(statements: &[Statement], rules: Option<&str>) -> Result<Self, AuthzError> {
        let (schema, _warnings) =
            Schema::from_cedarschema_str(SCHEMA).map_err(|error| AuthzError::Schema(error.to_string()))?;
        let mut made = Self { policies: PolicySet::new(), schema, live: 0 };
        made.add_all(statements)?;
        if let Some(rules) = rules {
            made.add_rules(rules)?;
        }
        made.check()?;
        Ok(made)
    }

    /// The same set with the ceiling of an agent.
    ///
    /// # Errors
    /// [`AuthzError::TooMany`].
    pub fn with(&self, statements: &[Statement]) -> Result<Self, AuthzError> {
        // As in `decide`: a run under way looks at another policy from its guest's stack.
        stacker::grow(STACK_BYTES, || {
            let mut made = self.clone();
            made.add_all(statements)?;
            made.check()?;
            Ok(made)
        })
    }

    fn add_all(&mut self, statements: &[Statement]) -> Result<(), AuthzError> {
        for Statement { id, text } in statements {
            let policy = Policy::parse(Some(PolicyId::new(id)), text);
            self.add(policy.map_err(|error| AuthzError::Syntax(format!("{id}: {error}")))?, id)?;
        }
        Ok(())
    }

    fn add(&mut self, policy: Policy, id: &str) -> Result<(), AuthzError> {
        self.policies.add(policy).map_err(|_| AuthzError::Duplicate(id.to_owned()))
    }

    fn add_rules(&mut self, rules: &str) -> Result<(), AuthzError> {
        let set: PolicySet =
            rules.parse().map_err(|error: cedar_policy::ParseErrors| AuthzError::Syntax(error.to_string()))?;
        if let Some(template) = set.templates().next() {
            return Err(AuthzError::Template(template.id().to_string()));
        }
        let mut policies: Vec<&Policy> = set.policies().collect();
        // As they stand in the file: Cedar numbers them.
        policies.sort_by_key(|policy| number(policy.id()));
        for (index, policy) in policies.into_iter().enumerate() {
            let id = match policy.annotation("id") {
                Some(id) => format!("rules.cedar {id}"),
                None => format!("rules.cedar {}", index + 1),
            };
            let agents = agents_actions(policy);
            if policy.effect() == cedar_policy::Effect::Permit && agents != 0 && may_be_agent(policy) {
                return Err(AuthzError::Permit(id));
            }
            self.live |= agents;
            self.add(policy.new_id(PolicyId::new(&id)), &id)?;
        }
        Ok(())
    }

    fn check(&self) -> Result<(), AuthzError> {
        let ceiling = |policy: &&Policy| policy.id().to_string().starts_with("manifest ");
        if self.policies.policies().filter(|policy| !ceiling(policy)).count() > POLICIES {
            return Err(AuthzError::TooMany);
        }
        let checked = Validator::new(self.schema.clone()).validate(&self.policies, ValidationMode::Strict);
        let first = checked.validation_errors().next().map(|error| AuthzError::Schema(error.to_string()));
        first.map_or(Ok(()), Err)
    }

    /// Whether a policy that the grant table doesn't know speaks of an action.
    pub(crate) const fn is_live(&self, action: Action) -> bool {
        self.live & action.bit() != 0
    }

    /// Whether they may. A question that can't be put to Cedar, and a policy that can't be evaluated, deny.
    #[must_use]
    pub fn decide(&self, question: &Question) -> Verdict {
        // A call comes from a guest's own stack, of which Cedar can't tell how much is left: it would give up.
        stacker::grow(STACK_BYTES, || self.decided(question))
    }

    fn decided(&self, question: &Question) -> Verdict {
        let denied = |error: String| Verdict { allowed: false, clauses: Vec::new(), errors: vec![error] };
        let (request, entities) = match self.request(question) {
            Ok(request) => request,
            Err(error) => return denied(error),
        };
        let response = cedar_policy::Authorizer::new().is_authorized(&request, &self.policies, &entities);
        let errors: Vec<String> = response.diagnostics().errors().map(ToString::to_string).collect();
        let clause = |id: &PolicyId| Clause {
            id: id.to_string(),
            text: self.policies.policy(id).map(ToString::to_string).unwrap_or_default(),
        };
        let mut clauses: Vec<Clause> = response.diagnostics().reason().map(clause).collect();
        clauses.sort();
        Verdict { allowed: response.decision() == Decision::Allow && errors.is_empty(), clauses, errors }
    }

    fn request(&self, question: &Question) -> Result<(Request, Entities), String> {
        let Question { principal, roles, action, resource, circumstances } = question;
        let said = |error: &dyn std::fmt::Display| error.to_string();
        let role = |name: &str| uid("Role", name);
        let mut parents: HashSet<EntityUid> =
            roles.iter().map(|name| role(name.as_str())).collect::<Result<_, String>>()?;
        let who = match principal {
            Principal::Agent(None) => return Err("ask for one agent: `agent:*` is all of them".to_owned()),
            // Somebody who has the role.
            Principal::Role(name) => {
                parents.insert(role(name.as_str())?);
                // No person's name has such a character.
                uid("Person", &format!("\u{0}{}", name.as_str()))?
            }
            named => {
                let (kind, name) = named.entity();
                uid(kind, name.unwrap_or_default())?
            }
        };
        let name = |name: &str| HashMap::from([("name".to_owned(), RestrictedExpression::new_string(name.to_owned()))]);
        let attributes = match principal {
            Principal::Agent(Some(agent)) => name(agent.as_str()),
            _ => HashMap::new(),
        };
        let asker = Entity::new(who.clone(), attributes, parents.clone()).map_err(|error| said(&error))?;
        let (on, attributes) = if action.resource().is_named() {
            (uid(action.resource().name(), resource)?, name(resource))
        } else {
            (uid(action.resource().name(), action.tool())?, HashMap::new())
        };
        let mut all: Vec<Entity> = parents.into_iter().map(Entity::with_uid).collect();
        all.push(asker);
        all.push(Entity::new(on.clone(), attributes, HashSet::new()).map_err(|error| said(&error))?);
        let entities = Entities::from_entities(all, None).map_err(|error| said(&error))?;
        let mut context = vec![("now".to_owned(), RestrictedExpression::new_datetime(written(circumstances.now_ms)))];
        if !action.is_agents() {
            context.push(("mfa".to_owned(), RestrictedExpression::new_bool(circumstances.mfa)));
            if let Some(network) = circumstances.network {
                context.push(("network".to_owned(), RestrictedExpression::new_ip(network.to_canonical().to_string())));
            }
        }
        let context = Context::from_pairs(context).map_err(|error| said(&error))?;
        let request = Request::new(who, uid("Action", action.name())?, on, context, Some(&self.schema));
        Ok((request.map_err(|error| said(&error))?, entities))
    }

    /// The whole set in Cedar's language, in the order of its ids.
    #[must_use]
    pub fn text(&self) -> String {
        let mut policies: Vec<&Policy> = self.policies.policies().collect();
        policies.sort_by_key(|policy| policy.id().to_string());
        policies.into_iter().map(|policy| format!("// {}\n{policy}\n\n", policy.id())).collect()
    }
}

fn uid(kind: &str, name: &str) -> Result<EntityUid, String> {
    let kind: EntityTypeName = kind.parse().map_err(|error: cedar_policy::ParseErrors| error.to_string())?;
    Ok(EntityUid::from_type_name_and_id(kind, EntityId::new(name)))
}

/// Cedar's own number of a policy in a file: `policy12`.
fn number(id: &PolicyId) -> u64 {
    id.to_string().trim_start_matches(|character: char| !character.is_ascii_digit()).parse().unwrap_or(u64::MAX)
}

/// The actions of agents that a policy speaks of.
fn agents_actions(policy: &Policy) -> u32 {
    let named = |uids: &[EntityUid]| {
        let of = |action: &&Action| uids.iter().any(|uid| uid.id().unescaped() == action.name());
        Action::ALL.iter().filter(|action| action.is_agents()).filter(of).fold(0, |all, action| all | action.bit())
    };
    match policy.action_constraint() {
        ActionConstraint::Any => Action::ALL.iter().filter(|a| a.is_agents()).fold(0, |all, a| all | a.bit()),
        ActionConstraint::Eq(uid) => named(&[uid]),
        ActionConstraint::In(uids) => named(&uids),
    }
}

/// Whether its scope lets the asker be an agent.
fn may_be_agent(policy: &Policy) -> bool {
    match policy.principal_constraint() {
        PrincipalConstraint::Any => true,
        PrincipalConstraint::In(uid) | PrincipalConstraint::Eq(uid) => uid.type_name().to_string() == "Agent",
        PrincipalConstraint::Is(kind) | PrincipalConstraint::IsIn(kind, _) => kind.to_string() == "Agent",
    }
}

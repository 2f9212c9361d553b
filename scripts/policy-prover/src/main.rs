//! Proves that a set of policies permits nothing that another one does not, or shows a request that it does.
//!
//! Reads `{"schema": …, "before": {name: cedar}, "after": {name: cedar}}` and writes one line of JSON:
//! `{"result": "proved", "environments": n}`, `{"result": "newly-allowed", …}` with the request and its entities, or
//! `{"result": "not-proved", "why": …}`. It decides nothing by itself: `lanyard policy plan` asks it, and puts what it
//! shows to Cedar again. The solver is `cvc5` on the path, or what the variable `CVC5` names.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use cedar_policy::{Effect, Policy, PolicyId, PolicySet, RequestEnv, Schema};
use cedar_policy_symcc::solver::LocalSolver;
use cedar_policy_symcc::{CedarSymCompiler, CompiledPolicy, CompiledPolicySet};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    schema: String,
    before: BTreeMap<String, String>,
    after: BTreeMap<String, String>,
}

type Failure = Box<dyn std::error::Error>;
type Compiler = CedarSymCompiler<LocalSolver>;

/// Most that is read: a registry's policies are far smaller.
const MOST_BYTES: u64 = 16 << 20;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let answer = answer().await.unwrap_or_else(|why| not_proved(&why.to_string()));
    println!("{answer}");
}

fn not_proved(why: &str) -> Value {
    json!({ "result": "not-proved", "why": why })
}

async fn answer() -> Result<Value, Failure> {
    let mut text = String::new();
    std::io::stdin().take(MOST_BYTES).read_to_string(&mut text)?;
    let question: Question = serde_json::from_str(&text)?;
    let (schema, _) = Schema::from_cedarschema_str(&question.schema)?;
    let before = policies(&question.before)?;
    let after = policies(&new_in(&question)?)?;
    let mut compiler = CedarSymCompiler::new(LocalSolver::cvc5()?)?;
    let gone = unheard_of(&question.before, &question.after);
    let mut environments = 0;
    for environment in schema.request_envs() {
        if let Some(found) = newly_allowed(&mut compiler, (&before, &after), (&schema, &environment)).await? {
            return Ok(found);
        }
        for policy in before
            .policies()
            .filter(|policy| gone.contains(policy.id().to_string().as_str()))
        {
            let compiled = CompiledPolicy::compile(policy, &environment, &schema)?;
            if !compiler.check_never_errors_opt(&compiled).await? {
                // where a policy cannot be evaluated everything is refused, so to take it away may permit
                let why = format!(
                    "{} may fail to be evaluated, which refuses, and is changed or gone",
                    policy.id()
                );
                return Ok(not_proved(&why));
            }
        }
        environments += 1;
    }
    Ok(json!({ "result": "proved", "environments": environments }))
}

/// Names of policies of one set whose very text the other has not, whatever its name there.
fn unheard_of<'a>(these: &'a BTreeMap<String, String>, others: &BTreeMap<String, String>) -> BTreeSet<&'a str> {
    let texts: BTreeSet<&String> = others.values().collect();
    these
        .iter()
        .filter(|(_, text)| !texts.contains(text))
        .map(|(name, _)| name.as_str())
        .collect()
}

/// What of the second set can permit anything new. A permit that both sets have permits nothing new where every
/// forbid of the first set is in the second: then the first one permitted it too. Fewer policies are proved faster.
fn new_in(question: &Question) -> Result<BTreeMap<String, String>, Failure> {
    let Question { before, after, .. } = question;
    for name in unheard_of(before, after) {
        if effect(&before[name])? == Effect::Forbid {
            return Ok(after.clone());
        }
    }
    let new = unheard_of(after, before);
    let mut counting = BTreeMap::new();
    for (name, text) in after {
        if new.contains(name.as_str()) || effect(text)? == Effect::Forbid {
            counting.insert(name.clone(), text.clone());
        }
    }
    Ok(counting)
}

fn effect(text: &str) -> Result<Effect, Failure> {
    Ok(Policy::parse(None, text)?.effect())
}

fn policies(texts: &BTreeMap<String, String>) -> Result<PolicySet, Failure> {
    let mut set = PolicySet::new();
    for (name, text) in texts {
        set.add(Policy::parse(Some(PolicyId::new(name)), text)?)?;
    }
    Ok(set)
}

/// A request of this environment that the second set allows and the first does not.
async fn newly_allowed(
    compiler: &mut Compiler,
    (before, after): (&PolicySet, &PolicySet),
    (schema, environment): (&Schema, &RequestEnv),
) -> Result<Option<Value>, Failure> {
    let old = CompiledPolicySet::compile(before, environment, schema)?;
    let new = CompiledPolicySet::compile(after, environment, schema)?;
    let Some(found) = compiler.check_implies_with_counterexample_opt(&new, &old).await? else {
        return Ok(None);
    };
    let request = &found.request;
    let context = request.context().map(|context| context.to_json_value()).transpose()?;
    Ok(Some(json!({
        "result": "newly-allowed",
        "principal": request.principal().map(uid),
        "action": request.action().map(uid),
        "resource": request.resource().map(uid),
        "context": context,
        "entities": found.entities.to_json_value()?,
    })))
}

fn uid(entity: &cedar_policy::EntityUid) -> Value {
    json!({ "type": entity.type_name().to_string(), "id": entity.id().unescaped() })
}

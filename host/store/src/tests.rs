//! The store against a real Postgres: one cluster for all cases, stopped and removed at the end. Inside the crate,
//! because a forged claim and a change without a recorded intent can't be made from outside.

mod agent;
mod attacks;
mod catalog;
mod claims;
mod cluster;
mod escrow;
mod hostile;
mod jobs;
mod journal;
mod keeper;
mod measure;
mod pgrls;
mod pooled;
mod protect;
mod records;
mod soak;
mod statements;
mod upgrade;
mod world;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use world::{Outcome, World};

type Case = (&'static str, fn(World) -> BoxFuture<'static, Outcome>);

macro_rules! cases {
    ($($module:ident :: $case:ident),* $(,)?) => {
        &[$((concat!(stringify!($module), "::", stringify!($case)), |world| $module::$case(world).boxed())),*]
    };
}

const CASES: &[Case] = cases![
    claims::right_claim_sees_its_rows,
    claims::wrong_tokens_see_nothing,
    claims::set_claim_sees_nothing,
    claims::replayed_claim_sees_nothing,
    claims::roles_cannot_be_left,
    claims::old_keys_overlap,
    hostile::other_kinds_are_refused,
    hostile::dangerous_functions_are_denied,
    hostile::other_tenants_are_out_of_reach,
    hostile::journal_cannot_be_forged,
    hostile::queries_do_not_write,
    hostile::sessions_come_back_clean,
    agent::values_go_both_ways,
    agent::caps_and_deadline_end_a_query,
    agent::role_has_exactly_its_grants,
    agent::unenforceable_grants_are_refused,
    attacks::statements_reach_nothing_of_others,
    attacks::ordinary_sql_goes_on,
    attacks::policies_and_partitions,
    attacks::plans_follow_the_claim,
    attacks::settings_prove_nothing,
    attacks::row_security_stays_on,
    attacks::parallel_plans_are_right,
    attacks::a_killed_session_leaves_nothing,
    attacks::a_cancel_leaves_nothing,
    attacks::suspended_tenants_open_no_claim,
    journal::appends_are_fenced,
    journal::effect_and_outcome_are_atomic,
    journal::is_append_only,
    journal::read_transaction_appends_after,
    escrow::what_is_held_is_settled_once_by_its_claim,
    escrow::a_window_has_room_once,
    records::tables_are_protected,
    records::counters_add_up,
    records::values_are_one_tenants,
    jobs::one_key_is_one_job,
    jobs::a_beginning_is_signed_for_its_run,
    jobs::a_claim_fences_and_a_lost_host_gives_up,
    jobs::what_waits_is_woken_once,
    jobs::a_cap_holds_among_hosts,
    jobs::the_queue_turns_and_keeps_its_order,
    jobs::a_hint_that_came_after_a_claim_began_is_not_lost,
    jobs::an_end_and_the_next_attempt_are_one,
    jobs::a_deadline_ends_what_waits,
    jobs::old_jobs_go_with_their_journals,
    records::tenants_are_listed,
    keeper::agents_cannot_become_it,
    keeper::sees_one_tenants_rows_and_erases_none_of_an_active_one,
    keeper::a_suspended_tenant_goes_with_its_rows,
    keeper::every_table_of_the_host_is_thought_of,
    statements::any_number_can_be_sent,
    statements::errors_leave_nothing_behind,
    statements::rights_are_each_ones_own,
    statements::an_altered_table_is_read_as_it_is,
    statements::pieces_are_of_one_moment,
    statements::a_query_ends_with_who_reads_it,
    soak::a_crowd_keeps_to_its_rows,
    cluster::second_host_is_refused,
];

/// What goes wrong of all cases.
async fn failed(world: &World) -> Vec<String> {
    let mut failed = Vec::new();
    for (name, case) in CASES {
        match tokio::spawn(case(world.clone())).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => failed.push(format!("{name}: {error}, {error:?}")),
            Err(error) => failed.push(format!("{name}: {error}")),
        }
    }
    failed
}

#[test]
fn store() -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build()?;
    let home = tempfile::tempdir()?;
    let started = std::time::Instant::now();
    let cluster = crate::Cluster::start(home.path(), None)?;
    println!("initialised in {:?}", started.elapsed());
    let failed = runtime.block_on(async {
        let started = std::time::Instant::now();
        let world = World::new(&cluster).await?;
        println!("provisioned in {:?}", started.elapsed());
        let failed = failed(&world).await;
        #[expect(clippy::disallowed_methods, reason = "a measurement is asked for by name")]
        let measured = std::env::var_os("CASEMATE_STORE_MEASURE").is_some();
        if measured {
            measure::appends(&world).await?;
        }
        world.db.close().await;
        Ok::<_, world::AnyError>(failed)
    });
    let adopted = cluster::adoption(cluster, home.path());
    let failed = failed?;
    assert!(failed.is_empty(), "failed:\n{}", failed.join("\n"));
    adopted
}

/// What lies in the catalog, on a server of its own: its findings would be the other cases' tables.
#[test]
fn catalog() -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let home = tempfile::tempdir()?;
    let cluster = crate::Cluster::start(home.path(), None)?;
    let judged = runtime.block_on(async {
        let info = crate::provision(&cluster).await?;
        let db = crate::Db::connect(&info).await?;
        let superuser = world::superuser(&cluster);
        catalog::every_rule_is_found(&db, &superuser).await?;
        catalog::what_ships_is_clean(&db, &cluster).await?;
        protect::hostile_shapes_become_safe(&db).await?;
        protect::what_is_unclear_is_refused(&db).await?;
        upgrade::rows_survive(&info, &superuser).await?;
        db.close().await;
        Ok::<_, world::AnyError>(())
    });
    cluster.stop()?;
    judged
}

//! Budgets of several hosts on real Postgres: windows are locked while somebody decides, what is held is the claim's that holds
//! it, and it is settled once.

use casemate_gate::budget::{Amounts, Span};
use casemate_gate::{AgentName, TenantId};

use super::world::{AnyError, Outcome, World, new_id};
use crate::StoreError;

/// 2026-11-25T13:00:00Z.
const NOW: u64 = 1_795_611_600_000;
const HOUR: u64 = 60 * 60 * 1000;

fn calls(calls: u64) -> Amounts {
    Amounts { calls, ..Amounts::default() }
}

fn agent() -> Result<AgentName, AnyError> {
    Ok(AgentName::try_from("assessor".to_owned())?)
}

/// What is spent and held of the tenant's hour.
async fn hour(world: &World, tenant: TenantId) -> Result<(u64, u64), AnyError> {
    let (windows, _) = world.db.escrowed(&world.scope(tenant, new_id())?).await?;
    let hour =
        windows.iter().find(|window| window.agent.is_none() && window.span == Span::Hour && window.begins_ms == NOW);
    Ok(hour.map_or((0, 0), |hour| (hour.spent.calls, hour.held.calls)))
}

async fn tenant(world: &World) -> Result<TenantId, AnyError> {
    Ok(world
        .db
        .add_tenant(&format!("z-escrow-{}", new_id().as_uuid().simple()).chars().take(40).collect::<String>())
        .await?)
}

pub(super) async fn what_is_held_is_settled_once_by_its_claim(world: World) -> Outcome {
    let tenant = tenant(&world).await?;
    let (scope, run, epoch) = world.run(tenant).await?;
    let escrow = world.db.escrow(&scope, &agent()?, NOW + 5).await?;
    escrow.hold((run, epoch.get(), true), &calls(1), &calls(10)).await?;
    // More of the same stretch.
    let escrow = world.db.escrow(&scope, &agent()?, NOW + 5).await?;
    assert_eq!(escrow.of_tenant().hour.calls, 10);
    escrow.hold((run, epoch.get(), true), &calls(1), &calls(5)).await?;
    assert_eq!(hour(&world, tenant).await?, (0, 15));
    // A claim that is not this one's holds nothing and settles nothing.
    let older = epoch.get() - 1;
    let refused =
        world.db.escrow(&scope, &agent()?, NOW + 5).await?.hold((run, older, true), &calls(1), &calls(5)).await;
    assert!(matches!(refused, Err(StoreError::Fenced)), "{refused:?}");
    assert!(!world.db.settle_stretch(&scope, run, older, &calls(3)).await?);
    assert_eq!(world.db.adopt_stretch(&scope, run, older).await?, None);
    assert_eq!(hour(&world, tenant).await?, (0, 15));
    // Another claim adopts it, and then the first one's settlement is nobody's.
    let next = world.claim(&scope, run).await?.run.epoch;
    let left = world.db.adopt_stretch(&scope, run, next.get()).await?.ok_or("a stretch")?;
    assert_eq!((left.at_ms, left.before, left.held), (NOW + 5, calls(1), calls(15)));
    assert!(!world.db.settle_stretch(&scope, run, epoch.get(), &calls(9)).await?);
    assert!(world.db.settle_stretch(&scope, run, next.get(), &calls(7)).await?);
    assert!(!world.db.settle_stretch(&scope, run, next.get(), &calls(7)).await?);
    // Whoever was too slow holds nothing for a run that is over for it.
    let late =
        world.db.escrow(&scope, &agent()?, NOW + 5).await?.hold((run, epoch.get(), true), &calls(1), &calls(5)).await;
    assert!(matches!(late, Err(StoreError::Fenced)), "{late:?}");
    assert_eq!(hour(&world, tenant).await?, (7, 0));
    let of = world.db.escrow(&scope, &agent()?, NOW + 6).await?;
    assert_eq!((of.of_agent().month.calls, of.of_tenant().day.calls), (7, 7));
    of.close().await?;
    Ok(())
}

pub(super) async fn a_window_has_room_once(world: World) -> Outcome {
    let tenant = tenant(&world).await?;
    let mut crowd = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let (world, run) = (world.clone(), new_id());
        let scope = world.scope(tenant, run)?;
        crowd.spawn(async move {
            let escrow = world.db.escrow(&scope, &agent()?, NOW).await?;
            // Room for five of these.
            if escrow.of_tenant().hour.calls + 10 > 50 {
                escrow.close().await?;
                return Ok::<_, AnyError>(0);
            }
            escrow.hold((run, 1, false), &calls(0), &calls(10)).await?;
            Ok(10)
        });
    }
    let mut held = 0;
    while let Some(done) = crowd.join_next().await {
        held += done??;
    }
    assert_eq!((held, hour(&world, tenant).await?), (50, (0, 50)));
    // None of these runs came to be: an hour later whoever opens a new window gives it all back.
    world.db.escrow(&world.scope(tenant, new_id())?, &agent()?, NOW + HOUR).await?.close().await?;
    assert_eq!(hour(&world, tenant).await?, (0, 50), "nothing was made by whoever held nothing");
    let run = new_id();
    world
        .db
        .escrow(&world.scope(tenant, run)?, &agent()?, NOW + 2 * HOUR)
        .await?
        .hold((run, 1, false), &calls(0), &calls(1))
        .await?;
    assert_eq!(hour(&world, tenant).await?, (0, 0));
    Ok(())
}

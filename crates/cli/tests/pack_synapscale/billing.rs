//! What is charged is what the messages used.

use crate::packs::{execute, number, refused, text, texts};
use crate::{Member, synapscale};

#[tokio::test]
async fn usage_is_priced_by_the_model_billed_once_and_outlives_its_message() {
    let pack = synapscale().await;
    let ana = Member::registered(&pack, "ana").await;
    let owner = pack.owner().await;
    execute(&ana.client, &ana.uses(&ana.answer, 1_000_000, 100_000)).await;
    let cost = "SELECT trim_scale(cost)::text || ' ' || currency FROM usage_logs ORDER BY id DESC LIMIT 1";
    assert_eq!(
        text(&ana.client, cost).await,
        "3.5 USD",
        "2.50 and a tenth of 10.00, whatever the insert said"
    );
    let (state, _) = refused(&ana.client, &ana.uses(&ana.answer, 1, 1)).await;
    assert_eq!(state, "23505", "an answer is logged once");
    let question = ana.says("user", "again").await;
    assert_eq!(
        refused(&ana.client, &ana.uses(&question, 1, 1)).await.0,
        "23514",
        "a question costs nothing"
    );
    let second = ana.says("assistant", "more").await;
    execute(
        &owner,
        "UPDATE llms SET input_price_per_million = 5 WHERE name = 'gpt-4o'",
    )
    .await;
    execute(&ana.client, &ana.uses(&second, 1, 0)).await;
    assert_eq!(text(&ana.client, cost).await, "0.000005 USD", "the new price");
    let bill = format!(
        "SELECT event_type || ' ' || trim_scale(amount) || ' ' || description FROM bill_usage('{}')",
        ana.workspace
    );
    assert_eq!(texts(&owner, &bill).await, ["usage 3.500005 2 answers"]);
    assert_eq!(
        texts(&owner, &bill).await,
        Vec::<String>::new(),
        "nothing is billed twice"
    );
    // The conversation is deleted, what it used is still owed.
    execute(&ana.client, "DELETE FROM conversations").await;
    assert_eq!(
        number(&owner, "SELECT count(*) FROM usage_logs WHERE message_id IS NULL").await,
        2
    );
    assert_eq!(
        number(&owner, "SELECT count(*) FROM billing_discrepancies()").await,
        0
    );
    for sql in [
        "UPDATE usage_logs SET cost = 0",
        "UPDATE usage_logs SET billing_event_id = NULL",
        "UPDATE billing_events SET amount = 0",
        "DELETE FROM billing_events",
        "INSERT INTO billing_events (workspace_id, event_type, amount, currency, description) SELECT id, 'payment', 5, 'USD', 'x' FROM workspaces",
    ] {
        assert_eq!(refused(&owner, sql).await.0, "23514", "{sql}");
    }
    // PostgreSQL 18 has a code of its own for RESTRICT.
    let (state, _) = refused(&owner, "DELETE FROM workspaces").await;
    assert!(["23001", "23503"].contains(&state.as_str()), "{state}");
    assert_eq!(
        refused(&ana.client, &bill).await.0,
        "42501",
        "only operators bill"
    );
}

#[tokio::test]
async fn bills_that_are_made_at_the_same_time_do_not_share_an_answer() {
    let pack = synapscale().await;
    let ana = Member::registered(&pack, "ana").await;
    for n in 0..40 {
        let answer = ana.says("assistant", &format!("answer {n}")).await;
        execute(&ana.client, &ana.uses(&answer, 1000, n)).await;
    }
    let mut bills = Vec::new();
    for _ in 0..6 {
        let owner = pack.owner().await;
        let sql = format!("SELECT id::text FROM bill_usage('{}')", ana.workspace);
        bills.push(tokio::spawn(async move { texts(&owner, &sql).await.len() }));
    }
    let mut made = 0;
    for bill in bills {
        made += bill.await.unwrap();
    }
    assert_eq!(made, 1);
    let owner = pack.owner().await;
    assert_eq!(
        number(&owner, "SELECT count(*) FROM billing_discrepancies()").await,
        0
    );
    assert_eq!(
        number(
            &owner,
            "SELECT count(*) FROM usage_logs WHERE billing_event_id IS NULL"
        )
        .await,
        0
    );
}

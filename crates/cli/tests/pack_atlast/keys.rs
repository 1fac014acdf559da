//! Keys of partners: known only to them, good for what they were given for, until they end.

use crate::packs::{Pack, execute, number, refused, text};

#[tokio::test]
async fn a_key_opens_what_it_was_made_for_until_it_expires_or_is_revoked() {
    let pack = Pack::migrated("atlast", &[]).await;
    let owner = pack.owner().await;
    let key = text(
        &owner,
        "SELECT api_key FROM create_partner_api_key('Acme', ARRAY['matches:read'], now() + interval '1 day')",
    )
    .await;
    let open = |key: &str, scope: &str| {
        format!("SELECT coalesce(verify_partner_api_key('{key}', '{scope}')::text, 'closed')")
    };
    let id = text(&owner, "SELECT id::text FROM partner_api_keys").await;
    assert_eq!(text(&owner, &open(&key, "matches:read")).await, id);
    assert_eq!(
        number(
            &owner,
            "SELECT count(*) FROM partner_api_keys WHERE last_used_at IS NOT NULL"
        )
        .await,
        1
    );
    let (head, secret) = key.rsplit_once('_').unwrap();
    let flipped = if secret.ends_with('0') { '1' } else { '0' };
    let mut wrong = secret.to_owned();
    wrong.pop();
    wrong.push(flipped);
    for (bad, scope) in [
        (key.clone(), "matches:write"),
        (format!("{head}_{wrong}"), "matches:read"),
        (format!("{key}_more"), "matches:read"),
        (format!("atlast_000000000000_{secret}"), "matches:read"),
        (secret.to_owned(), "matches:read"),
        (String::new(), "matches:read"),
    ] {
        assert_eq!(text(&owner, &open(&bad, scope)).await, "closed", "{bad} {scope}");
    }
    let kept = format!("SELECT count(*) FROM partner_api_keys k WHERE k::text LIKE '%{secret}%'");
    assert_eq!(number(&owner, &kept).await, 0, "only the hash is kept");
    execute(
        &owner,
        "UPDATE partner_api_keys SET created_at = now() - interval '2 days', expires_at = now() - interval '1 second'",
    )
    .await;
    assert_eq!(text(&owner, &open(&key, "matches:read")).await, "closed");
    execute(&owner, "UPDATE partner_api_keys SET expires_at = NULL").await;
    assert_eq!(text(&owner, &open(&key, "matches:read")).await, id);
    let revoke = format!("SELECT revoke_partner_api_key('{id}')::text");
    assert_eq!(text(&owner, &revoke).await, "true");
    assert_eq!(text(&owner, &revoke).await, "false");
    assert_eq!(text(&owner, &open(&key, "matches:read")).await, "closed");
    let (state, _) = refused(
        &owner,
        "SELECT create_partner_api_key('Acme', ARRAY['everything'])",
    )
    .await;
    assert_eq!(state, "23514");
}

#[tokio::test]
async fn digests_are_compared_to_their_last_byte_whatever_differs() {
    let pack = Pack::migrated("atlast", &[]).await;
    let owner = pack.owner().await;
    let compare = "SELECT string_agg(equal_in_constant_time(decode(a, 'hex'), decode(b, 'hex'))::text, ' ' ORDER BY n) \
                   FROM (VALUES (1, '00ff', '00ff'), (2, '00ff', '01ff'), (3, '00ff', '00fe'), (4, '00ff', '00'), (5, '', ''), (6, '', '00')) v (n, a, b)";
    assert_eq!(text(&owner, compare).await, "true false false false true false");
    pack.cluster.create_role("stranger", "").await;
    let stranger = ponte_testkit::connect(&pack.cluster.url("atlast", "stranger")).await;
    assert_eq!(
        refused(&stranger, "SELECT verify_partner_api_key('x', 'matches:read')")
            .await
            .0,
        "42501"
    );
}

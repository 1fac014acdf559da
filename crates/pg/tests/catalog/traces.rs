//! A plain role sees as much as a superuser, and a copy is equal to its original.

use crate::support::{between, model, read_as, run, with_corpus};

#[tokio::test]
async fn a_role_without_any_privilege_reads_the_same_model() {
    let cluster = with_corpus().await;
    cluster.create_role("stranger", "").await;
    let all = model(&cluster, "corpus").await;
    let seen = read_as(&cluster.cluster().url("corpus", "stranger")).await;
    assert_eq!(between(&all, &seen), Vec::<String>::new());
}

#[tokio::test]
async fn a_database_is_equal_to_its_copy() {
    let cluster = with_corpus().await;
    run(&cluster, "postgres", "CREATE DATABASE copy TEMPLATE corpus").await;
    let (one, other) = (model(&cluster, "corpus").await, model(&cluster, "copy").await);
    assert_eq!(between(&one, &other), Vec::<String>::new());
}

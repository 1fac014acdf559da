//! Two servers side by side.

use crate::cluster::{TestCluster, TestClusterBuilder};

/// Two clusters, each with a database of the same name owned by an ordinary role of the same name.
#[derive(Debug)]
pub struct Pair {
    /// The first server.
    pub a: TestCluster,
    /// The second server.
    pub b: TestCluster,
    /// The owner's URL on the first.
    pub url_a: String,
    /// The owner's URL on the second.
    pub url_b: String,
}

impl Pair {
    /// Starts both at the same time.
    ///
    /// # Panics
    /// When one does not start.
    pub async fn start(database: &str, owner: &str) -> Self {
        Self::start_from(TestCluster::builder(), database, owner).await
    }

    /// The same from other settings.
    ///
    /// # Panics
    /// When one does not start.
    pub async fn start_from(builder: TestClusterBuilder, database: &str, owner: &str) -> Self {
        let one = async |builder: TestClusterBuilder| {
            let cluster = builder.start().await;
            let url = cluster.create_database(database, owner).await;
            (cluster, url)
        };
        let ((a, url_a), (b, url_b)) = tokio::join!(one(builder.clone()), one(builder));
        Self { a, b, url_a, url_b }
    }
}

//! Two servers side by side.

use crate::cluster::{TestCluster, TestClusterBuilder};
use crate::majors;

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

    /// The same from other settings. Which versions they are can be asked for from outside, see [`crate::binaries_of`].
    ///
    /// # Panics
    /// When one does not start.
    pub async fn start_from(builder: TestClusterBuilder, database: &str, owner: &str) -> Self {
        let (first, second) = majors::wanted().unzip();
        let builders = [first, second].map(|binaries| builder.clone().binaries_by_default(binaries));
        Self::start_each(builders, database, owner).await
    }

    /// The same, each side from settings of its own.
    ///
    /// # Panics
    /// When one does not start.
    pub async fn start_each([first, second]: [TestClusterBuilder; 2], database: &str, owner: &str) -> Self {
        let one = async |builder: TestClusterBuilder| {
            let cluster = builder.start().await;
            let url = cluster.create_database(database, owner).await;
            (cluster, url)
        };
        let ((a, url_a), (b, url_b)) = tokio::join!(one(first), one(second));
        Self { a, b, url_a, url_b }
    }
}

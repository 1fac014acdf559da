//! Which file made what.
//!
//! Every row of a server's catalog names the transaction that wrote it, and the shadow's log of migrations names the transaction of each
//! file, so nothing has to run again. What a file has dropped left no row: for that the files that name it are run once more, one
//! by one. A file that drops something without naming it, by way of a table or with CASCADE, is not found.

use std::collections::BTreeMap;

use ponte_pg::shadow::{Ran, Replay, Shadow};
use ponte_schema::migration::{Migration, MigrationSet, TransactionMode};
use ponte_schema::model::{Model, ObjectId};

use crate::error::Result;

/// The files by the objects that they touched last.
pub(super) struct Makers(BTreeMap<ObjectId, String>);

impl Makers {
    /// Of all objects that are there.
    pub(super) async fn of_objects(replay: &Replay, files: &MigrationSet) -> Result<Self> {
        let ran = replay.ran().await?;
        let files: Vec<(i64, File)> = ran.iter().filter_map(|ran| file_of(ran, files)).collect();
        let touched = replay.touched().await?;
        let made = |(object, transaction)| Some((object, made_by(&files, transaction)?));
        Ok(Self(touched.into_iter().filter_map(made).collect()))
    }

    /// Of objects that are not there: each file that names one is run with the database looked at before and after.
    pub(super) async fn add_dropped(
        &mut self,
        shadow: &mut Shadow,
        files: &MigrationSet,
        gone: &[&ObjectId],
    ) -> Result<()> {
        let names_one = |migration: &&Migration| {
            let text = migration.up.text().to_lowercase();
            gone.iter()
                .any(|object| text.contains(&object.name.as_str().to_lowercase()))
        };
        let suspects: Vec<&Migration> = files.iter().filter(names_one).collect();
        if suspects.is_empty() {
            return Ok(());
        }
        let mut replay = shadow.replay().await?;
        for suspect in suspects {
            if let Some(before) = files.iter().rfind(|file| file.revision < suspect.revision) {
                replay.up(files, Some(&before.revision)).await?;
            }
            let before = replay.model().await?;
            replay.up(files, Some(&suspect.revision)).await?;
            let after = replay.model().await?;
            for object in gone {
                if before.objects.get(*object) != after.objects.get(*object) {
                    self.0.insert((*object).clone(), suspect.up.file().to_owned());
                }
            }
        }
        Ok(())
    }

    /// The file that touched an object last. What of a view or domain has no row of its own was touched with it.
    pub(super) fn of(&self, object: &ObjectId, expected: &Model) -> Option<&str> {
        let owners = object.possible_owners();
        let whole = || {
            let is_there = expected.objects.contains_key(object);
            let mut owners = owners.iter().filter(|_| is_there);
            owners.find_map(|owner| self.0.get(owner))
        };
        self.0.get(object).or_else(whole).map(String::as_str)
    }
}

/// A file that ran, and whether in one transaction.
struct File {
    name: String,
    mode: TransactionMode,
}

fn file_of(ran: &Ran, files: &MigrationSet) -> Option<(i64, File)> {
    let script = match &ran.revision {
        Some(revision) => &files.get(revision)?.up,
        None => {
            let mut repeatables = files.repeatables().iter();
            &repeatables.find(|file| file.name == ran.name)?.script
        }
    };
    let file = File {
        name: script.file().to_owned(),
        mode: script.mode(),
    };
    Some((ran.transaction, file))
}

/// The file of a transaction. The steps of a file that is not one transaction have lower numbers than its end; blocks that
/// catch errors have higher ones than the transaction they are in.
fn made_by(files: &[(i64, File)], transaction: i64) -> Option<String> {
    let next = files.partition_point(|(ended, _)| *ended < transaction);
    let at_or_after = files.get(next);
    let before = next.checked_sub(1).and_then(|index| files.get(index));
    let (_, file) = match (before, at_or_after) {
        (_, Some(found @ (ended, file)))
            if *ended == transaction || file.mode == TransactionMode::StepByStep =>
        {
            found
        }
        (Some(before), _) => before,
        (None, _) => return None,
    };
    Some(file.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(modes: &[(i64, TransactionMode)]) -> Vec<(i64, File)> {
        let file = |(ended, mode): &(i64, TransactionMode)| {
            let name = format!("{ended}.sql");
            (*ended, File { name, mode: *mode })
        };
        modes.iter().map(file).collect()
    }

    #[test]
    fn what_a_file_wrote_is_its_own_whether_in_one_transaction_or_in_steps() {
        use TransactionMode::{StepByStep, Together};
        let files = files(&[(10, Together), (20, StepByStep), (30, Together)]);
        let made = |transaction| made_by(&files, transaction);
        assert_eq!(made(10).as_deref(), Some("10.sql"));
        assert_eq!(made(15).as_deref(), Some("20.sql"), "a step");
        assert_eq!(made(20).as_deref(), Some("20.sql"));
        assert_eq!(made(31).as_deref(), Some("30.sql"), "a block that catches errors");
        assert_eq!(made(5), None, "before any file ran");
    }
}

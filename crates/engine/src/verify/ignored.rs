//! Differences that the project's file says are none.

use ponte_schema::model::{Difference, Model, ObjectId, Pattern};

/// What a pattern has left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored {
    /// As the file spells it.
    pub pattern: String,
    /// How many differences it has left out.
    pub differences: usize,
    /// Whether it means nothing that is on either side: it may be misspelled, or of no use any more.
    pub is_idle: bool,
}

/// Differences, sorted.
pub(super) struct Aside {
    pub(super) kept: Vec<Difference>,
    pub(super) ignored: Vec<Ignored>,
    /// What the ignored differences are about.
    pub(super) objects: Vec<ObjectId>,
}

/// Sets aside what a pattern means; the first that does counts it.
pub(super) fn set_aside(patterns: &[Pattern], found: Vec<Difference>, models: [&Model; 2]) -> Aside {
    let is_idle = |pattern: &Pattern| {
        let mut objects = models.iter().flat_map(|model| model.objects.keys());
        !objects.any(|id| pattern.means(id))
    };
    let ignored = |pattern: &Pattern| Ignored {
        pattern: pattern.to_string(),
        differences: 0,
        is_idle: is_idle(pattern),
    };
    let mut aside = Aside {
        kept: Vec::new(),
        ignored: patterns.iter().map(ignored).collect(),
        objects: Vec::new(),
    };
    for difference in found {
        match patterns
            .iter()
            .position(|pattern| pattern.means(&difference.object))
        {
            Some(index) => {
                aside.ignored[index].differences += 1;
                aside.objects.push(difference.object);
            }
            None => aside.kept.push(difference),
        }
    }
    aside
}

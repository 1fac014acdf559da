//! The keys of a table that others point to.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::Values;
use super::dice::Dice;

/// Keys that rows may point to.
#[derive(Debug, Default)]
pub struct Parents {
    keys: Vec<Values>,
    /// By the values of the columns that are fixed by another reference, asked for so far.
    by_fixed: OnceLock<(Vec<usize>, Index)>,
}

/// Where keys with these values are.
type Index = HashMap<Vec<Option<String>>, Vec<usize>>;

impl Parents {
    /// These keys.
    pub fn new(keys: Vec<Values>) -> Self {
        Self {
            keys,
            by_fixed: OnceLock::new(),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The one at this place.
    pub(super) fn at(&self, place: usize) -> Option<&Values> {
        self.keys.get(place)
    }

    /// Any that has these values in these of its columns.
    pub(super) fn pick(&self, fixed: &[(usize, Option<String>)], dice: &mut Dice) -> Option<&Values> {
        if fixed.is_empty() {
            return dice.of(&self.keys);
        }
        let columns: Vec<usize> = fixed.iter().map(|(column, _)| *column).collect();
        let (indexed, index) = self
            .by_fixed
            .get_or_init(|| (columns.clone(), self.index(&columns)));
        let wanted: Vec<Option<String>> = fixed.iter().map(|(_, value)| value.clone()).collect();
        if *indexed == columns {
            return self.keys.get(*dice.of(index.get(&wanted)?)?);
        }
        let fits = |key: &&Values| fixed.iter().all(|(column, value)| key[*column] == *value);
        self.keys.iter().find(fits)
    }

    fn index(&self, columns: &[usize]) -> Index {
        let mut index = Index::new();
        for (place, key) in self.keys.iter().enumerate() {
            let values = columns.iter().map(|column| key[*column].clone()).collect();
            index.entry(values).or_default().push(place);
        }
        index
    }
}

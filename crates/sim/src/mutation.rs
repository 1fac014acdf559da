//! Rules of the sync that can be left out, one at a time, to see whether the simulator notices.

/// A rule that is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {
    /// A key that the incoming side won is not shipped back.
    NoConfirm,
    /// Local changes are looked for once, at the beginning, instead of after rows were read or written.
    NoSecondLook,
    /// Planned rows are written whatever became of them since they were compared.
    NoPin,
    /// Progress is set without a look at where it was.
    NoFence,
    /// A batch is what has a higher number in the changelog than the last one.
    BySequence,
    /// Local changes are stamped with the node's own clock alone.
    RawClock,
    /// Progress is committed before the rows.
    ProgressApart,
    /// The source is not flushed before its changes count as consumed.
    NoHarden,
    /// In a cycle, changes do not travel back over the link they came by.
    NoEcho,
    /// A batch is committed whose snapshot was taken while another one of the same link was being applied there.
    NoTurns,
    /// Nobody asks whether somebody came and went under the key of a missing row.
    NoLateLook,
    /// What came over one link is not noted for the others.
    NoForward,
    /// The loser of a conflict is not recorded.
    NoRecord,
    /// A light batch is committed whatever was changed under its keys.
    NoLightLook,
    /// Changes of a row travel while the node refuses what the other side has of it.
    NoHold,
}

impl Mutation {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::NoConfirm,
        Self::NoSecondLook,
        Self::NoPin,
        Self::NoFence,
        Self::BySequence,
        Self::RawClock,
        Self::ProgressApart,
        Self::NoHarden,
        Self::NoEcho,
        Self::NoTurns,
        Self::NoLateLook,
        Self::NoForward,
        Self::NoRecord,
        Self::NoLightLook,
        Self::NoHold,
    ];

    /// The word for it on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoConfirm => "no-confirm",
            Self::NoSecondLook => "no-second-look",
            Self::NoPin => "no-pin",
            Self::NoFence => "no-fence",
            Self::BySequence => "by-sequence",
            Self::RawClock => "raw-clock",
            Self::ProgressApart => "progress-apart",
            Self::NoHarden => "no-harden",
            Self::NoEcho => "no-echo",
            Self::NoTurns => "no-turns",
            Self::NoLateLook => "no-late-look",
            Self::NoForward => "no-forward",
            Self::NoRecord => "no-record",
            Self::NoLightLook => "no-light-look",
            Self::NoHold => "no-hold",
        }
    }

    /// The mutation of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|m| m.name() == name)
    }
}
